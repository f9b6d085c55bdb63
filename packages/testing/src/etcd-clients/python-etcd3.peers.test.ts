import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openMemoryStore } from "@cellplane/kv";
import { EtcdPeer } from "../../../etcd/src/server/etcd-peers.suite.ts";
import { runProgram } from "../e2e/run-program.ts";
import { Facade } from "../recorded-session/facade.suite.ts";

// Where the distribution's packages are (python3-etcd3), whatever else is first on the path.
const python = process.env["CELLPLANE_PYTHON"] ?? "/usr/bin/python3";

async function runSession(url: string): Promise<readonly string[]> {
  const { hostname, port } = new URL(url);
  const script = join(import.meta.dirname, "python-session.py");
  const { code, stdout, stderr } = await runProgram(python, [script, hostname, port]);
  equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

describe("Python's etcd3", () => {
  it("is answered as by etcd", async () => {
    await using facade = await Facade.open(await openMemoryStore());
    await using etcd = await EtcdPeer.start();
    const [ours = [], theirs] = await Promise.all([facade.url, etcd.url].map(runSession));
    deepEqual(ours, theirs);
    ok(ours.length > 90, "the session was run to its end");
  });
});
