import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "node:http2";
import { describe, it } from "node:test";
import type { JsonObject } from "@cellplane/apimachinery";
import { type ServerFixture, startServer } from "./server-fixture.suite.ts";

const configmaps = "/api/v1/namespaces/ns/configmaps";

function configMap(name: string, data: Readonly<Record<string, string>> = {}): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

function metaOf(json: JsonObject): JsonObject {
  return json["metadata"] as JsonObject;
}

describe("createApiServer()", () => {
  it("creates, reads, replaces, patches and deletes an object", async () => {
    await using fixture = await startServer();
    const { ask } = fixture;
    const created = await ask("POST", configmaps, { body: configMap("a", { k: "1" }) });
    equal(created.status, 201);
    equal(created.json["kind"], "ConfigMap");
    ok(metaOf(created.json)["uid"]);
    const read = await ask("GET", `${configmaps}/a`);
    deepEqual(read.json, created.json);
    const changed = { ...created.json, data: { k: "2" } };
    const updated = await ask("PUT", `${configmaps}/a`, { body: changed });
    equal(updated.status, 200);
    ok(
      Number(metaOf(updated.json)["resourceVersion"]) >
        Number(metaOf(created.json)["resourceVersion"]),
    );
    const stale = await ask("PUT", `${configmaps}/a`, { body: { ...changed, data: { k: "3" } } });
    equal(stale.status, 409);
    const patched = await ask("PATCH", `${configmaps}/a`, {
      type: "application/merge-patch+json",
      body: { data: { z: "9" } },
    });
    deepEqual(patched.json["data"], { k: "2", z: "9" });
    const deleted = await ask("DELETE", `${configmaps}/a`);
    equal(deleted.json["status"], "Success");
    equal((await ask("GET", `${configmaps}/a`)).status, 404);
  });

  it("lists objects in the order of their names, in pages of one snapshot", async () => {
    await using fixture = await startServer();
    const { ask } = fixture;
    for (const name of ["c", "a", "b"]) await ask("POST", configmaps, { body: configMap(name) });
    const first = await ask("GET", `${configmaps}?limit=2`);
    deepEqual(namesOf(first.json), ["a", "b"]);
    equal(metaOf(first.json)["remainingItemCount"], 1);
    await ask("POST", configmaps, { body: configMap("d") });
    const token = encodeURIComponent(metaOf(first.json)["continue"] as string);
    const second = await ask("GET", `${configmaps}?limit=2&continue=${token}`);
    deepEqual(namesOf(second.json), ["c"]);
    equal(metaOf(second.json)["resourceVersion"], metaOf(first.json)["resourceVersion"]);
    equal(metaOf(second.json)["continue"], undefined);
  });

  it("sends a watch the present objects and then every change, over HTTP/2", async () => {
    await using fixture = await startServer();
    await fixture.ask("POST", configmaps, { body: configMap("a") });
    const watch = openWatch(fixture, `${configmaps}?watch=1`);
    const [added] = await watch.take(1);
    equal(added?.["type"], "ADDED");
    await fixture.ask("PUT", `${configmaps}/a`, { body: configMap("a", { k: "1" }) });
    await fixture.ask("DELETE", `${configmaps}/a`);
    const [modified, deleted] = await watch.take(2);
    deepEqual([modified?.["type"], deleted?.["type"]], ["MODIFIED", "DELETED"]);
    deepEqual((deleted?.["object"] as JsonObject | undefined)?.["data"], { k: "1" });
    watch.close();
  });

  it("marks an object with finalizers, and removes it with the last of them", async () => {
    await using fixture = await startServer();
    const { ask } = fixture;
    const held = { ...configMap("a"), metadata: { name: "a", finalizers: ["example.com/hold"] } };
    await ask("POST", configmaps, { body: held });
    const marked = await ask("DELETE", `${configmaps}/a`);
    equal(metaOf(marked.json)["deletionGracePeriodSeconds"], 0);
    const again = await ask("DELETE", `${configmaps}/a`);
    deepEqual(again.json, marked.json);
    const freed = await ask("PATCH", `${configmaps}/a`, {
      type: "application/merge-patch+json",
      body: { metadata: { finalizers: null } },
    });
    equal(freed.status, 200);
    equal((await ask("GET", `${configmaps}/a`)).status, 404);
  });

  it("keeps status and spec apart, and raises the generation with the spec only", async () => {
    await using fixture = await startServer();
    const { ask } = fixture;
    const widgets = "/apis/ex.test/v1/namespaces/ns/widgets";
    const body = { apiVersion: "ex.test/v1", kind: "Widget", metadata: { name: "w" } };
    const created = await ask("POST", widgets, {
      body: { ...body, spec: { color: "red" }, status: { phase: "Up" } },
    });
    deepEqual(created.json["spec"], { color: "red", size: 1 });
    equal(metaOf(created.json)["generation"], 1);
    const status = await ask("PATCH", `${widgets}/w/status`, {
      type: "application/merge-patch+json",
      body: { spec: { color: "blue" }, status: { phase: "Down" } },
    });
    deepEqual(status.json["status"], { phase: "Down" });
    deepEqual(status.json["spec"], { color: "red", size: 1 });
    equal(metaOf(status.json)["generation"], 1);
    const spec = await ask("PATCH", `${widgets}/w`, {
      type: "application/merge-patch+json",
      body: { spec: { color: "blue" }, status: { phase: "Odd" } },
    });
    deepEqual(spec.json["status"], { phase: "Down" });
    equal(metaOf(spec.json)["generation"], 2);
  });

  it("answers 404 as text for unknown groups and as Status for unknown resources", async () => {
    await using fixture = await startServer();
    equal((await fixture.ask("GET", "/apis/nope/v1/x")).text, "404 page not found\n");
    equal((await fixture.ask("GET", "/api/v1/nopes")).json["reason"], "NotFound");
  });

  it("ends watches cleanly when it closes", async () => {
    const fixture = await startServer();
    const watch = openWatch(fixture, `${configmaps}?watch=1`);
    await fixture.ask("POST", configmaps, { body: configMap("a") });
    await watch.take(1);
    const closing = fixture.server.close({ limitMs: 5000 });
    equal(fixture.server.isShuttingDown, true);
    equal(await watch.ended, 0);
    await closing;
    await fixture[Symbol.asyncDispose]();
  });

  it("gives each answer an Audit-Id, and echoes that of the client", async () => {
    await using fixture = await startServer();
    const own = await fixture.ask("GET", configmaps);
    match(String(own.headers["audit-id"]), /^[0-9a-f-]{36}$/);
    const echoed = await fixture.ask("GET", configmaps, { headers: { "audit-id": "abc" } });
    equal(echoed.headers["audit-id"], "abc");
  });
});

function namesOf(list: JsonObject): readonly unknown[] {
  return (list["items"] as readonly JsonObject[]).map((item) => metaOf(item)["name"]);
}

interface OpenWatch {
  take(count: number): Promise<readonly JsonObject[]>;
  /** The stream's error code. */
  readonly ended: Promise<number>;
  close(): void;
}

function openWatch({ server, ca }: ServerFixture, path: string): OpenWatch {
  const session = connect(server.url, { ca });
  const stream = session.request({ ":path": path });
  const events: JsonObject[] = [];
  let wake = (): void => undefined;
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    events.push(...lines.map((line) => JSON.parse(line) as JsonObject));
    wake();
  });
  const ended = new Promise<number>((resolve) => {
    stream.once("close", () => resolve(stream.rstCode));
  });
  return {
    ended,
    take: async (count) => {
      while (events.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return events.splice(0, count);
    },
    close: () => session.destroy(),
  };
}
