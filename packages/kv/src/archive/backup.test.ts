import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readImageIntoMemory } from "../memory/memory-restore.ts";
import { openMemoryStore } from "../memory/open-memory-store.ts";
import { openSqliteStore } from "../sql/sqlite/open-sqlite-store.ts";
import { restoreSqlite } from "../sql/sqlite/sqlite-restore.ts";
import { put, RecordingWatch, remove } from "../store/mvcc-testing.suite.ts";
import { allKeys, backupOf, fill, imageOf, inPieces, keptOf } from "./archive-testing.suite.ts";
import { checkBackup } from "./read-backup.ts";
import { takeImage } from "./take-image.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-archive-"));
after(() => rmSync(root, { recursive: true }));
const newPath = (): string => join(mkdtempSync(join(root, "store-")), "store.db");

describe("a backup", () => {
  let backup: Buffer;
  let source: Awaited<ReturnType<typeof openMemoryStore>>;
  before(async () => {
    source = await openMemoryStore();
    await fill(source);
    backup = await backupOf(source);
  });
  after(() => source[Symbol.asyncDispose]());

  it("goes from memory to SQLite and back to memory, and each has the same keys", async () => {
    const path = newPath();
    const outcome = await restoreSqlite(await imageOf(backup), { path, whenNotEmpty: "refuse" });
    equal(outcome.leases, 2);
    await using sqlite = await openSqliteStore({ path, writer: "inline" });
    deepEqual(keptOf(await allKeys(sqlite)), keptOf(await allKeys(source)));
    const restored = await readImageIntoMemory(await imageOf(await backupOf(sqlite)), {
      epoch: 1,
      revision: 1,
    });
    await using memory = await restored.open();
    deepEqual(keptOf(await allKeys(memory)), keptOf(await allKeys(source)));
    deepEqual(await memory.leases?.list(), await source.leases?.list());
    const [first, second] = [await source.status(), await memory.status()];
    equal(second.clusterId, first.clusterId);
    ok(second.revision >= first.revision + 2_000_000);
  });

  it("is of one revision, whatever is written meanwhile", async () => {
    await using store = await openMemoryStore();
    for (let i = 0; i < 500; i++) await put(store, `k${i}`, "before");
    const image = await takeImage(store, { epoch: 1, schema: 1, nowMs: 0 });
    const values = new Set<string>();
    let keys = 0;
    for await (const part of image.parts) {
      if (part.kind !== "keys") continue;
      keys += part.kvs.length;
      for (const { value } of part.kvs) values.add(value.toString());
      for (let i = 0; i < 500; i += 7) await put(store, `k${i}`, "after");
      await remove(store, "k499");
      await put(store, "k4990", "after");
    }
    deepEqual([...values], ["before"]);
    equal(keys, 500);
  });

  it("says that its revision was compacted meanwhile", async () => {
    await using store = await openMemoryStore();
    for (let i = 0; i < 500; i++) await put(store, `k${i}`, "v");
    const image = await takeImage(store, { epoch: 1, schema: 1, nowMs: 0 });
    await put(store, "k1", "w");
    await store.compact(await store.headRevision());
    await rejects(async () => {
      for await (const _ of image.parts);
    }, /Cannot go on with the backup as its revision 501 was compacted meanwhile/);
  });

  it("says what it holds", async () => {
    const told: number[] = [];
    const summary = await checkBackup(inPieces(backup), (keys) => told.push(keys));
    equal(summary.keys, 11);
    equal(summary.leases, 2);
    equal(summary.bytes, backup.length);
    equal(summary.header.revision, (await source.status()).revision);
    deepEqual(told, [11]);
  });

  it("is refused wherever it is cut off", async () => {
    for (let length = 0; length < backup.length; length++) {
      await rejects(checkBackup(inPieces(backup.subarray(0, length))), /^ArchiveError/);
    }
    await rejects(
      checkBackup(inPieces(backup.subarray(0, backup.length - 10))),
      /it is cut off: it ends at byte \d+, after 11 of 11 keys/,
    );
  });

  it("is refused with any bit flipped", async () => {
    for (let at = 0; at < backup.length; at++) {
      const flipped = Buffer.from(backup);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await rejects(checkBackup(inPieces(flipped)), /^ArchiveError/, `byte ${at}`);
    }
  });

  it("is refused as foreign, of another version, empty, or with something behind it", async () => {
    const check = (bytes: Buffer): Promise<unknown> => checkBackup(inPieces(bytes));
    await rejects(
      check(Buffer.from("SQLite format 3\0 and more of that")),
      /no backup of cellplane/,
    );
    await rejects(
      check(Buffer.concat([Buffer.from("cellplane-backup 2\n"), backup.subarray(19)])),
      /its format is 2, and this version knows only 1/,
    );
    await rejects(check(Buffer.alloc(0)), /it is empty/);
    await rejects(check(Buffer.concat([backup, Buffer.from("x")])), /something follows its end/);
  });
});

describe("restoreSqlite()", () => {
  async function storeWith(keys: readonly string[]): Promise<string> {
    const path = newPath();
    await using store = await openSqliteStore({ path, writer: "inline" });
    for (const key of keys) await put(store, key, "old");
    return path;
  }

  async function smallBackup(): Promise<Buffer> {
    await using store = await openMemoryStore();
    await put(store, "new", "1");
    await put(store, "new", "2");
    return await backupOf(store);
  }

  it("refuses a target that holds something, and changes nothing in it", async () => {
    const path = await storeWith(["old"]);
    await rejects(
      restoreSqlite(await imageOf(await smallBackup()), { path, whenNotEmpty: "refuse" }),
      /it holds 1 keys at revision 2; give --force/,
    );
    await using store = await openSqliteStore({ path, writer: "inline" });
    deepEqual(
      (await allKeys(store)).map(({ key }) => key.toString()),
      ["old"],
    );
  });

  it("replaces what is there, with revisions beyond all that were acknowledged", async () => {
    const path = await storeWith(["old", "older"]);
    const outcome = await restoreSqlite(await imageOf(await smallBackup()), {
      path,
      whenNotEmpty: "replace",
      acknowledged: 5000,
    });
    equal(outcome.epoch, 2);
    equal(outcome.replaced, 2);
    ok(outcome.revision > 1_005_000);
    await using store = await openSqliteStore({ path, writer: "inline" });
    const [kv, ...others] = await allKeys(store);
    deepEqual(others, []);
    deepEqual([kv?.createRevision, kv?.version, kv?.value.toString()], [2, 2, "2"]);
    ok((kv?.modRevision ?? 0) >= 1_005_000);
    equal((await store.status()).compacted, outcome.revision);
  });

  it("ends watches of before, lets one begin at its head, and goes on without a gap", async () => {
    const path = await storeWith(["old"]);
    const { revision } = await restoreSqlite(await imageOf(await smallBackup()), {
      path,
      whenNotEmpty: "replace",
    });
    await using store = await openSqliteStore({ path, writer: "inline" });
    const range = { key: Buffer.from([0]), end: Buffer.from([0]) };
    const stale = new RecordingWatch(store, { ...range, startRevision: 3 });
    const fresh = new RecordingWatch(store, { ...range, startRevision: revision, previous: true });
    await stale.until(({ ended }) => ended !== undefined);
    match(String(stale.ended?.error), /CompactedError/);
    equal((await put(store, "new", "3")).revision, revision + 1);
    await fresh.until(({ events }) => events.length === 1);
    equal(fresh.text, `+new=3@${revision + 1}(was 2)`);
    equal(fresh.events[0]?.kv.version, 3);
    await store.compact(revision + 1);
  });

  it("keeps the old content where the backup turns out damaged at its end", async () => {
    const path = await storeWith(["old"]);
    const backup = await smallBackup();
    const damaged = imageOf(backup.subarray(0, backup.length - 3));
    await rejects(restoreSqlite(await damaged, { path, whenNotEmpty: "replace" }), /it is cut off/);
    await using store = await openSqliteStore({ path, writer: "inline" });
    deepEqual(
      (await allKeys(store)).map(({ key }) => key.toString()),
      ["old"],
    );
  });

  it("keeps the old content where the disk is full", async () => {
    const path = await storeWith(["old"]);
    await using big = await openMemoryStore();
    for (let i = 0; i < 64; i++) await put(big, `k${i}`, "v".repeat(10_000));
    await rejects(
      restoreSqlite(await imageOf(await backupOf(big)), {
        path,
        whenNotEmpty: "replace",
        maxFileBytes: 200_000,
      }),
      /NoSpaceError/,
    );
    await using store = await openSqliteStore({ path, writer: "inline" });
    deepEqual(
      (await allKeys(store)).map(({ key }) => key.toString()),
      ["old"],
    );
  });

  it("is refused while a process has the store open", async () => {
    const path = await storeWith(["old"]);
    await using _ = await openSqliteStore({ path, writer: "inline" });
    await rejects(
      restoreSqlite(await imageOf(await smallBackup()), { path, whenNotEmpty: "replace" }),
      /LockedError/,
    );
  });
});
