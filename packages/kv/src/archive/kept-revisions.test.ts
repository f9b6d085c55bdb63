import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openMemoryStore } from "../memory/open-memory-store.ts";
import { readImageIntoMemory } from "../memory/memory-restore.ts";
import { openSqliteStore } from "../sql/sqlite/open-sqlite-store.ts";
import { restoreSqlite } from "../sql/sqlite/sqlite-restore.ts";
import { verifySqlite } from "../sql/sqlite/sqlite-verify.ts";
import type { MvccStore, Operation, RangeResult } from "../store/mvcc-store.ts";
import type { StoreImage } from "../store/store-image.ts";
import { takeImage } from "./take-image.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-kept-"));
after(() => rmSync(folder, { recursive: true }));

const everything = { key: Buffer.of(0), end: Buffer.of(0) };
const kept = { whenNotEmpty: "refuse", revisions: "kept" } as const;

function all(store: MvccStore): Promise<RangeResult> {
  return store.range(everything);
}

async function write(store: MvccStore, ...success: readonly Operation[]): Promise<void> {
  await store.txn({ compare: [], success, failure: [] });
}

function put(key: string): Operation {
  return { kind: "put", key: Buffer.from(key), value: Buffer.from(`value of ${key}`) };
}

/** A store with several keys of one revision, with a gap, and whose last change is what is given. */
async function filled(last: Operation): Promise<MvccStore> {
  const store = await openMemoryStore();
  for (let i = 0; i < 20; i++) await write(store, put(`a${i}`), put(`b${i % 7}`), put("c"));
  await write(store, last);
  return store;
}

function imageOf(store: MvccStore): Promise<StoreImage> {
  return takeImage(store, { epoch: 0, schema: 0, nowMs: 0 });
}

describe("a restore that keeps revisions", () => {
  for (const last of [put("last"), { kind: "delete", key: Buffer.from("a3") } as const]) {
    it(`makes a store that is the same at the same revision, where the last change is a ${last.kind}`, async () => {
      await using source = await filled(last);
      const path = join(folder, last.kind, "store.db");
      const { revision } = await restoreSqlite(await imageOf(source), { ...kept, path });
      equal(revision, await source.headRevision());
      deepEqual((await verifySqlite(path)).findings, []);
      {
        await using store = await openSqliteStore({ path });
        deepEqual(await all(store), await all(source));
        equal((await store.status()).compacted, revision);
        await write(store, put("more"));
        equal(await store.headRevision(), revision + 1);
      }
      deepEqual((await verifySqlite(path)).findings, []);
      const target = { epoch: 1, revision: 1 };
      const restored = await readImageIntoMemory(await imageOf(source), target, kept);
      await using memory = await restored.open();
      deepEqual(await all(memory), await all(source));
    });
  }

  it("gives new ones where the target has had some, or has acknowledged some that it lost", async () => {
    await using source = await filled(put("last"));
    const head = await source.headRevision();
    for (const [target, acknowledged] of [
      [2, 0],
      [1, 2],
    ] as const) {
      const { outcome } = await readImageIntoMemory(
        await imageOf(source),
        { epoch: 1, revision: target },
        { revisions: "kept", acknowledged },
      );
      ok(outcome.revision > head + 1_000_000);
    }
  });
});
