import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type RestoreOutcome, verifyMysql, verifySqlite, parseMysqlUrl } from "@cellplane/kv";
import {
  EtcdPeer,
  type EtcdctlResult,
  runEtcdctl,
} from "../../../../packages/etcd/src/server/etcd-peers.suite.ts";
import { OwnClient } from "../../../../packages/etcd/src/server/own-client.suite.ts";
import { MysqlTestServer } from "../../../../packages/kv/src/mysql/mysql-server.suite.ts";
import { openBackupFile } from "./backup-file.ts";
import { openRestoreFile } from "./restore-file.ts";
import { restoreInto } from "./restore-into.ts";
import { findTarget, openTarget, type StoreTarget } from "./store-target.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-restore-snapshot-"));
const file = join(folder, "etcd.db");

describe("cellplane store restore of a snapshot of etcd", () => {
  const opened = new AsyncDisposableStack();
  let etcd: EtcdPeer;
  let head = 0;
  before(async () => {
    etcd = opened.use(await EtcdPeer.start());
    await fill(etcd.url);
    equal((await runEtcdctl(etcd.url, ["snapshot", "save", file])).code, 0);
    const { output } = await runEtcdctl(etcd.url, ["get", "none", "-w", "json"]);
    head = Number(/"revision":(\d+)/.exec(output)?.[1]);
  });
  after(async () => {
    await opened.disposeAsync();
    rmSync(folder, { recursive: true });
  });

  async function restore(
    target: StoreTarget,
    whenNotEmpty: "refuse" | "replace" = "refuse",
  ): Promise<RestoreOutcome> {
    await using backup = await openBackupFile(file);
    await using source = await openRestoreFile(backup, () => undefined);
    return await restoreInto(target, { ...source, whenNotEmpty });
  }

  /** The restored store is what etcd is, and goes on from there. */
  async function checkRestored(target: StoreTarget): Promise<void> {
    await using own = await OwnClient.open({ store: await openTarget(target) });
    const get = ["get", "", "--prefix", "-w", "json"];
    const [ours, theirs] = await Promise.all(
      [own.url, etcd.url].map((url) => runEtcdctl(url, get)),
    );
    equal(keysOf(ours), keysOf(theirs));
    ok(keysOf(ours).length > 10_000);
    const status = await own.store.status();
    deepEqual([status.revision, status.compacted], [head, head]);
    const leases = (await own.store.leases?.list()) ?? [];
    deepEqual(leases.map(({ ttlSeconds }) => ttlSeconds).sort(), [500, 600]);
    const leased = (await own.range({ key: Buffer.from("leased") })).kvs[0];
    ok(leased && leases.some(({ id }) => id === leased.lease));
    const watch = own.watch();
    watch.create("on", { startRevision: head + 1 });
    equal((await own.put("on", "1")).header?.revision, head + 1);
    match(await watch.next(), /created/);
    equal(await watch.next(), `0@${head + 1} +on=1`);
    watch.close();
    await own.store.leases?.revoke(Number(leased.lease));
    deepEqual((await own.range({ key: Buffer.from("leased") })).kvs, []);
  }

  it("makes a SQLite store of it in which no revision has changed", async () => {
    const target = findTarget({ datastore: `sqlite:${join(folder, "store.db")}` });
    const outcome = await restore(target);
    deepEqual([outcome.revision, outcome.leases], [head, 2]);
    const path = join(folder, "store.db");
    deepEqual((await verifySqlite(path)).findings, []);
    await checkRestored(target);
    deepEqual((await verifySqlite(path)).findings, []);
  });

  it("gives its keys new revisions where a store has had some of its own", async () => {
    const target = findTarget({ datastore: `sqlite:${join(folder, "store.db")}` });
    const outcome = await restore(target, "replace");
    ok(outcome.revision > head + 1_000_000);
    deepEqual((await verifySqlite(join(folder, "store.db"))).findings, []);
  });

  it("makes a store in MariaDB of it in which no revision has changed", async () => {
    await using database = await MysqlTestServer.start("mariadb");
    const url = await database.newDatabase();
    const target = findTarget({ datastore: url });
    equal((await restore(target)).revision, head);
    await checkRestored(target);
    deepEqual((await verifyMysql(parseMysqlUrl(url, {}))).findings, []);
  });
});

/** What of an answer is not the server's own, nor the number of a lease. */
function keysOf(result: EtcdctlResult | undefined): string {
  const { kvs } = JSON.parse(result?.output ?? "{}") as { readonly kvs?: readonly object[] };
  return JSON.stringify(kvs?.map((kv) => ({ ...kv, lease: 0 })));
}

/** Writes all that an etcd may have. */
async function fill(url: string): Promise<void> {
  const run = async (args: readonly string[], input = ""): Promise<string> => {
    const { code, output, errors } = await runEtcdctl(url, args, input);
    equal(code, 0, errors);
    return output;
  };
  const granted = await run(["lease", "grant", "500"]);
  await run(["lease", "grant", "600"]);
  const lease = /lease ([0-9a-f]+)/.exec(granted)?.[1] ?? "";
  await run(["put", "leased", "x", "--lease", lease]);
  for (let round = 0; round < 20; round++) {
    const puts = Array.from({ length: 100 }, (_, i) => `put key/${(round % 5) * 100 + i} ${round}`);
    await run(["txn"], `\n${puts.join("\n")}\n\n\n`);
  }
  for (const bytes of [3000, 5000, 1_000_000])
    await run(["put", `long/${bytes}`], "x".repeat(bytes));
  await run(["del", "key/12", "key/13"]);
  await run(["compact", "12"]);
  await run(["put", "key/120", "anew"]);
  await run(["del", "key/13"]);
  await run(["put", "last", "1"]);
}
