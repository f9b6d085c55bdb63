import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  CompactedError,
  encodeBackup,
  type MvccStore,
  openMemoryStore,
  takeImage,
  type WatchBatch,
} from "@cellplane/kv";
import { AdminStore } from "./admin-store.ts";
import { openServedMemory, openServedSqlite } from "./serve-store.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-admin-"));
after(() => rmSync(root, { recursive: true }));

function newDir(...parts: readonly string[]): string {
  const directory = join(mkdtempSync(join(root, "d-")), ...parts);
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function put(store: MvccStore, key: string, value: string): Promise<number> {
  const operation = { kind: "put", key: Buffer.from(key), value: Buffer.from(value) } as const;
  return (await store.txn({ compare: [], success: [operation], failure: [] })).revision;
}

const all = { key: Buffer.from([0]), end: Buffer.from([0]) };

async function keysOf(store: MvccStore): Promise<readonly string[]> {
  return (await store.range(all)).kvs.map(({ key }) => key.toString());
}

describe("AdminStore", () => {
  it("reads, writes, watches and compacts a store in another process's directory, however long its path", async () => {
    const dataDir = newDir("long".repeat(40));
    await using opened = new AsyncDisposableStack();
    const store = await openServedMemory({ dataDir, engine: {} }, opened);
    equal(statSync(join(dataDir, "admin.sock")).mode & 0o777, 0o600);
    await using admin = new AdminStore(dataDir);
    const told = Promise.withResolvers<WatchBatch>();
    const watch = admin.watch(
      { ...all, startRevision: 2 },
      { onBatch: told.resolve, onEnd: () => undefined },
    );
    equal(await put(admin, "a", "\0\xff"), 2);
    equal((await told.promise).events[0]?.kv.key.toString(), "a");
    watch.close();
    await put(store, "a", "2");
    equal(await admin.headRevision(), 3);
    equal((await admin.range({ ...all, revision: 2 })).kvs[0]?.value.toString(), "\0\xff");
    await admin.compact(3);
    await rejects(
      admin.range({ ...all, revision: 2 }),
      (error) => error instanceof CompactedError && /revision 2 .* from 3 on/.test(error.message),
    );
    await rejects(admin.compact(99), /revision 99 as the newest is 3/);
    await admin.leases.grant({ id: 7, ttlSeconds: 60 });
    deepEqual(await admin.leases.list(), [{ id: 7, ttlSeconds: 60 }]);
    equal((await admin.describe()).leases, 1);
  });

  for (const driver of ["memory", "sqlite"] as const) {
    it(`restores a backup into ${driver} while it is served, or refuses to`, async () => {
      const dataDir = newDir();
      await using opened = new AsyncDisposableStack();
      const serve = { dataDir, engine: {} };
      const store =
        driver === "memory"
          ? await openServedMemory(serve, opened)
          : await openServedSqlite(join(dataDir, "store.db"), serve, opened);
      await put(store, "old", "1");
      await using source = await openMemoryStore();
      await put(source, "new", "1");
      const backup = async () =>
        encodeBackup(await takeImage(source, { epoch: 1, schema: 1, nowMs: 0 }));
      const admin = new AdminStore(dataDir);
      const options = { force: false, onProgress: () => undefined };
      await rejects(admin.restore(await backup(), options), /give --force to replace them/);
      deepEqual(await keysOf(store), ["old"]);
      const ended = Promise.withResolvers<Error | undefined>();
      store.watch(all, { onBatch: () => undefined, onEnd: ended.resolve });
      const { revision, replaced } = await admin.restore(await backup(), {
        ...options,
        force: true,
      });
      equal(replaced, 1);
      ok(revision > 1_000_000);
      match(String(await ended.promise), /UnavailableError/);
      deepEqual(await keysOf(store), ["new"]);
      equal(await put(store, "later", "1"), revision + 1);
    });
  }

  it("says that nobody serves a directory", async () => {
    await rejects(new AdminStore(newDir()).status(), /Cannot reach the server/);
  });
});
