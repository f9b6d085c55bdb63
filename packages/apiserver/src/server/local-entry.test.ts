import { deepEqual, equal, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AuditRecord } from "../audit/audit-sink.ts";
import type { LocalAnswer, LocalEntry } from "./local-entry.ts";
import { type ServerFixture, startServer } from "./server-fixture.suite.ts";

const path = "/api/v1/namespaces/default/configmaps";
const headers = { accept: "application/json", "content-type": "application/json" };

describe("LocalEntries", () => {
  const records: AuditRecord[] = [];
  let fixture: ServerFixture;
  let entry: LocalEntry;

  before(async () => {
    fixture = await startServer({
      // Only those who come in by the door are let through, so no certificate is needed for it.
      authorize: ({ username }) => ({ allowed: username === "own", reason: "" }),
      audit: {
        record: (record) => void records.push(record),
        [Symbol.asyncDispose]: async () => undefined,
      },
    });
    entry = fixture.server.enterAs({ username: "own", groups: ["system:masters"] });
  });
  after(() => fixture[Symbol.asyncDispose]());

  const create = (name: string): Promise<LocalAnswer> => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name } };
    const body = JSON.stringify(object);
    return entry({ method: "POST", path, headers, body }, undefined);
  };

  it("takes the way of every request, as its user", async () => {
    const { status, body } = await create("a");
    equal(status, 201);
    equal((JSON.parse(await textOf(body)) as { kind: string }).kind, "ConfigMap");
    const last = records.at(-1);
    deepEqual(
      [last?.stage, last?.user?.username, last?.user?.groups, last?.sourceIps],
      ["ResponseComplete", "own", ["system:masters", "system:authenticated"], ["127.0.0.1"]],
    );
  });

  it("is refused what its user may not do", async () => {
    const other = fixture.server.enterAs({ username: "other", groups: [] });
    const { status } = await other({ method: "GET", path, headers }, undefined);
    equal(status, 403);
  });

  it("streams a watch until its signal aborts, and throws the reason", async () => {
    const stop = new AbortController();
    const watch = await entry({ method: "GET", path: `${path}?watch=1`, headers }, stop.signal);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of watch.body) {
        seen.push(...namesIn(chunk));
        if (seen.includes("b")) stop.abort(new Error("enough"));
      }
    })();
    await create("b");
    await rejects(reading, { message: "enough" });
    deepEqual(seen, ["a", "b"]);
    equal(records.at(-1)?.info.verb, "watch");
    equal(records.at(-1)?.stage, "ResponseComplete");
  });

  it("rejects at once where its signal has aborted", async () => {
    const signal = AbortSignal.abort(new Error("late"));
    await rejects(entry({ method: "GET", path, headers }, signal), { message: "late" });
  });

  it("rejects where its signal aborts right after the call, and never hangs on a watch", async () => {
    const stop = new AbortController();
    const watch = entry({ method: "GET", path: `${path}?watch=1`, headers }, stop.signal);
    stop.abort(new Error("stopping"));
    await rejects(watch, { message: "stopping" });
  });

  it("ends watches when the server closes", async () => {
    const watch = await entry({ method: "GET", path: `${path}?watch=1`, headers }, undefined);
    await fixture.server.close({ limitMs: 0 });
    for await (const _ of watch.body) continue;
  });
});

function namesIn(chunk: Uint8Array): readonly string[] {
  const lines = Buffer.from(chunk).toString().trim().split("\n");
  return lines.map(
    (line) => (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name,
  );
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(body)).toString();
}
