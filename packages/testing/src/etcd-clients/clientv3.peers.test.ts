import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openMemoryStore } from "@cellplane/kv";
import { EtcdPeer } from "../../../etcd/src/server/etcd-peers.suite.ts";
import { findPeer } from "../e2e/peers.ts";
import { runProgram } from "../e2e/run-program.ts";
import { Facade } from "../recorded-session/facade.suite.ts";

/** Compiles our Go program with the client that is unpacked beside the peers; offline. */
async function buildSession(program: string): Promise<void> {
  const peers = dirname(dirname(findPeer("etcd")));
  const lib = join(peers, "root", "usr", "lib");
  const go = readdirSync(lib).findLast((name) => name.startsWith("go-")) ?? "go";
  const source = join(import.meta.dirname, "clientv3", "main.go");
  const { code, stderr } = await runProgram(
    join(lib, go, "bin", "go"),
    ["build", "-o", program, source],
    {
      env: {
        GOROOT: join(lib, go),
        GOPATH: join(peers, "root", "usr", "share", "gocode"),
        GOCACHE: join(peers, "go-cache"),
        GO111MODULE: "off",
        GOTOOLCHAIN: "local",
        GOFLAGS: "",
        CGO_ENABLED: "0",
      },
      withinMs: 600_000,
    },
  );
  equal(code, 0, stderr);
}

describe("Go's clientv3", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-clientv3-"));
  const program = join(folder, "session");
  before(() => buildSession(program));
  after(() => rmSync(folder, { recursive: true }));

  it("watches, keeps leases alive, locks and elects as with etcd", async () => {
    await using facade = await Facade.open(await openMemoryStore());
    await using etcd = await EtcdPeer.start();
    const [ours = [], theirs] = await Promise.all(
      [facade.url, etcd.url].map(async (url) => {
        const { code, stdout, stderr } = await runProgram(program, [url]);
        equal(code, 0, stderr);
        return stdout.trimEnd().split("\n");
      }),
    );
    deepEqual(ours, theirs);
    ok(ours.length > 50, "the session was run to its end");
  });
});
