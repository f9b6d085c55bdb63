import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore, type MvccStore } from "@cellplane/kv";
import { Compactor } from "./compactor.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function put(store: MvccStore, text: string): Promise<void> {
  const [key, value] = [Buffer.from("k"), Buffer.from(text)];
  await store.txn({ compare: [], success: [{ kind: "put", key, value }], failure: [] });
}

async function compactedIn(store: MvccStore): Promise<number> {
  return (await store.status()).compacted;
}

describe("Compactor", () => {
  it("keeps what was new in the round before, and forgets what was old then", async () => {
    await using store = await openMemoryStore();
    const compactor = new Compactor(store, silent);
    await put(store, "a");
    await put(store, "b");
    await compactor.round();
    equal(await compactedIn(store), 0);
    await put(store, "c");
    await compactor.round();
    equal(await compactedIn(store), 3);
    await compactor.round();
    equal(await compactedIn(store), 4);
  });

  it("does nothing on a store where nothing happens", async () => {
    await using store = await openMemoryStore();
    const compactor = new Compactor(store, silent);
    for (let round = 0; round < 3; round++) await compactor.round();
    equal(await store.headRevision(), 1);
  });
});
