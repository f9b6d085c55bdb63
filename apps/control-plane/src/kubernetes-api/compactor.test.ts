import { deepEqual, equal, ok } from "node:assert/strict";
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
    const compactor = new Compactor(store, { logger: silent, isShared: false });
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
    const compactor = new Compactor(store, { logger: silent, isShared: false });
    for (let round = 0; round < 3; round++) await compactor.round();
    equal(await store.headRevision(), 1);
  });

  it("takes turns on a store that several servers share, and the next goes on when one has died", async () => {
    await using store = await openMemoryStore();
    const options = { logger: silent, isShared: true };
    const [first, second] = [new Compactor(store, options), new Compactor(store, options)];
    const targets: number[] = [];
    for (const text of ["a", "b", "c"]) {
      await put(store, text);
      await first.round();
      await second.round();
      targets.push(await compactedIn(store));
    }
    const head = await store.headRevision();
    // Each round of the first compacts to what was the head at its last; the second only looks on.
    deepEqual(targets, [0, 3, 5]);
    await put(store, "d");
    await second.round();
    await put(store, "e");
    await second.round();
    ok((await compactedIn(store)) > head, "the second does not go on");
  });
});
