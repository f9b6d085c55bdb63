import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type MvccStore, openMysqlStore, openSqliteStore, type Operation } from "@cellplane/kv";
import { MysqlTestServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { EtcdPeer, runEtcdctl, runEtcdutl } from "./etcd-peers.suite.ts";
import { OwnClient } from "./own-client.suite.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-snapshot-"));
after(() => rmSync(folder, { recursive: true }));

async function openOnMariadb(opened: AsyncDisposableStack): Promise<MvccStore> {
  const server = opened.use(await MysqlTestServer.start("mariadb"));
  return openMysqlStore(await server.newDatabase());
}

describeSnapshots("sqlite", () => openSqliteStore({ path: join(folder, "store.db") }));
describeSnapshots("mariadb", openOnMariadb);

function describeSnapshots(
  name: string,
  open: (opened: AsyncDisposableStack) => Promise<MvccStore>,
): void {
  describe(`a snapshot of the facade on ${name}, in etcd's own tools`, () => {
    const opened = new AsyncDisposableStack();
    const file = join(folder, `${name}.db`);
    let own: OwnClient;
    let etcd: EtcdPeer;
    let compacted = 0;
    let saved = 0;
    before(async () => {
      own = opened.use(await OwnClient.open({ store: await open(opened) }));
      compacted = await fill(own.store);
      saved = await saveWhileOthersWrite(own, file);
      etcd = opened.use(await EtcdPeer.start([], (dataDir) => restore(file, dataDir)));
    });
    after(() => opened.disposeAsync());

    /** Reads the same from both. */
    async function same(...args: readonly string[]): Promise<string> {
      const [ours, theirs] = await Promise.all(
        [own.url, etcd.url].map(async (url) => (await runEtcdctl(url, args)).output),
      );
      notEqual(ours, "");
      equal(withoutHeader(theirs), withoutHeader(ours), args.join(" "));
      return ours ?? "";
    }

    it("has revision, number of keys and hash", async () => {
      const { code, output } = await runEtcdutl(["snapshot", "status", file, "-w", "json"]);
      equal(code, 0);
      const status = JSON.parse(output) as Readonly<Record<string, number>>;
      equal(status["revision"], saved);
      equal(status["totalSize"], readFileSync(file).length - 32);
      notEqual(status["hash"], 0);
    });

    it("gives etcd each key, value, version and revision, as they are and as they were", async () => {
      const all = ["get", "", "--prefix", "-w", "json", "--rev"];
      for (const revision of [saved, saved - 1, saved - 20, compacted + 1, compacted]) {
        await same(...all, String(revision));
      }
      const older = await runEtcdctl(etcd.url, [...all, String(compacted - 1)]);
      match(older.errors, /required revision has been compacted/);
      const head = await runEtcdctl(etcd.url, ["get", "none", "-w", "json"]);
      match(head.output, new RegExp(`"revision":${saved},`));
    });

    it("gives etcd each lease, with its keys", async () => {
      const list = await same("lease", "list", "-w", "json");
      equal(list.match(/"id":/g)?.length, 2);
      for (const id of ["1001", "1002"]) {
        const hex = Number(id).toString(16);
        const told = await same("lease", "timetolive", hex, "--keys", "-w", "json");
        match(told, new RegExp(`"id":${id},.*"granted-ttl":${id},`));
      }
    });

    it("lets etcd write on with higher revisions, end leases and compact", async () => {
      const put = await runEtcdctl(etcd.url, ["put", "after", "1", "-w", "json"]);
      match(put.output, new RegExp(`"revision":${saved + 1},`));
      const leased = await runEtcdctl(etcd.url, ["get", "leased/1"]);
      equal(leased.output, "leased/1\nx\n");
      equal((await runEtcdctl(etcd.url, ["lease", "revoke", (1001).toString(16)])).code, 0);
      equal((await runEtcdctl(etcd.url, ["get", "leased/1"])).output, "");
      const compact = ["compact", String(saved), "--physical"];
      match((await runEtcdctl(etcd.url, compact)).output, /compacted revision/);
      match((await runEtcdctl(etcd.url, compact)).errors, /has been compacted/);
      await etcd.kill();
      await etcd.run();
      const kept = await runEtcdctl(etcd.url, ["get", "after", "-w", "json"]);
      match(kept.output, new RegExp(`"revision":${saved + 2},`));
    });

    it("is refused where a bit of it has changed", async () => {
      const bytes = readFileSync(file);
      const at = bytes.length >> 1;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
      const damaged = join(folder, `${name}-damaged.db`);
      writeFileSync(damaged, bytes);
      const args = ["snapshot", "restore", damaged, "--data-dir", join(folder, `${name}-none`)];
      const { code, errors } = await runEtcdutl(args);
      notEqual(code, 0);
      match(errors, /expected sha256/);
    });
  });
}

/** Writes all that a store may have, compacts, and writes on; gives the compacted revision. */
async function fill(store: MvccStore): Promise<number> {
  const put = (key: string | Buffer, value: string | Buffer, lease = 0): Operation => ({
    kind: "put",
    key: Buffer.from(key),
    value: Buffer.from(value),
    ...(lease === 0 ? {} : { lease }),
  });
  const run = (...success: readonly Operation[]): Promise<unknown> =>
    store.txn({ compare: [], success, failure: [] });
  for (const id of [1001, 1002, 1003]) await store.leases?.grant({ id, ttlSeconds: id });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 900; i += 60) {
      await run(...Array.from({ length: 60 }, (_, j) => put(`key/${i + j}`, `${round}`.repeat(j))));
    }
  }
  await run(put("leased/1", "x", 1001), put("leased/0", "x", 1001), put("leased/2", "x", 1003));
  await run({ kind: "delete", key: Buffer.from("key/5"), end: Buffer.from("key/6") });
  await run(put("long", Buffer.alloc(1_000_000, 7)), put(Buffer.of(0, 255, 0x80), Buffer.of(0)));
  const compacted = await store.headRevision();
  await store.compact(compacted);
  await run(put("long", Buffer.alloc(5000, 8)), put("empty", ""), put("key/1", "again"));
  await run({ kind: "delete", key: Buffer.from("key/7"), end: Buffer.from("key/8") });
  await run(put("key/77", "created anew"));
  await store.leases?.revoke(1003);
  for (let i = 0; i < 30; i++) await run(put("often", String(i)));
  return compacted;
}

/** Saves, and gives the revision of what was saved. */
async function saveWhileOthersWrite(own: OwnClient, file: string): Promise<number> {
  const saved = new AbortController();
  const writing = async (): Promise<void> => {
    for (let i = 0; !saved.signal.aborted; i++) await own.put(`busy/${i % 10}`, String(i));
  };
  const [result] = await Promise.all([
    runEtcdctl(own.url, ["snapshot", "save", file]).finally(() => saved.abort()),
    writing(),
  ]);
  deepEqual(result, { code: 0, output: `Snapshot saved at ${file}\n`, errors: "" });
  const { output } = await runEtcdutl(["snapshot", "status", file, "-w", "json"]);
  return Number(/"revision":(\d+)/.exec(output)?.[1]);
}

async function restore(file: string, dataDir: string): Promise<void> {
  const { code, errors } = await runEtcdutl(["snapshot", "restore", file, "--data-dir", dataDir]);
  equal(code, 0, errors);
}

/** Ids, what of a lease's time has passed, and the order of a lease's keys are each server's own. */
function withoutHeader(output: string | undefined): string {
  return (output ?? "")
    .replace(/"header":\{[^}]*\}/, "")
    .replace(/"(cluster_id|member_id|revision|raft_term)":\d+,?/g, "")
    .replace(/"ttl":\d+/, "")
    .replace(/"keys":\[(.*)\]/, (_, keys: string) => keys.split(",").sort().join());
}
