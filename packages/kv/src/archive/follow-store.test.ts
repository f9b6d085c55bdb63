import { deepEqual, equal, notEqual } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openMemoryStore } from "../memory/open-memory-store.ts";
import { openSqliteStore } from "../sql/sqlite/open-sqlite-store.ts";
import { put, remove } from "../store/mvcc-testing.suite.ts";
import { allKeys, backupOf, fill, imageOf, keptOf } from "./archive-testing.suite.ts";
import { digestStore } from "./digest-store.ts";
import { followStore } from "./follow-store.ts";
import {
  refuseUnfinishedRestore,
  restoreThroughStore,
  unfinishedKey,
} from "./restore-through-store.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-follow-"));
after(() => rmSync(root, { recursive: true }));

describe("followStore()", () => {
  it("takes over what is written while it runs, and ends with equal stores", async () => {
    await using from = await openMemoryStore();
    await using to = await openSqliteStore({ path: join(root, "a", "store.db"), writer: "inline" });
    await fill(from);
    const backup = await backupOf(from);
    const start = await from.headRevision();
    await restoreThroughStore(to, await imageOf(backup), { what: "to", whenNotEmpty: "refuse" });
    const stop = new AbortController();
    const seen = Promise.withResolvers<void>();
    const following = followStore({
      from,
      to,
      after: start,
      stop: stop.signal,
      onProgress: ({ changes }) => changes >= 20 && seen.resolve(),
    });
    for (let i = 0; i < 30; i++) await put(from, `new/${i % 9}`, `v${i}`);
    await seen.promise;
    await remove(from, "new/1");
    await put(from, "leased", "v", { lease: 90 });
    stop.abort();
    const last = await following;
    equal(last, await from.headRevision());
    const strip = (kvs: readonly object[]): readonly object[] =>
      kvs.map((kv) => ({ ...kv, createRevision: 0, version: 0 }));
    deepEqual(strip(keptOf(await allKeys(to))), strip(keptOf(await allKeys(from))));
    deepEqual(await digestStore(to, await to.headRevision()), await digestStore(from, last));
    notEqual(await to.leases?.timeToLive(90), undefined);
  });
});

describe("restoreThroughStore()", () => {
  it("replaces what is there, and leaves no history before", async () => {
    await using from = await openMemoryStore();
    await using to = await openMemoryStore();
    await fill(from);
    await put(to, "old", "1", { lease: 77 });
    await restoreThroughStore(to, await imageOf(await backupOf(from)), {
      what: "to",
      whenNotEmpty: "replace",
    });
    const [head, theirs] = [await to.headRevision(), await from.headRevision()];
    deepEqual(await digestStore(to, head), await digestStore(from, theirs));
    equal((await to.status()).compacted, head);
    equal((await to.leases?.timeToLive(78))?.ttlSeconds, 60);
    // It was there before, and may be others'.
    equal((await to.leases?.timeToLive(77))?.ttlSeconds, 3600);
    await refuseUnfinishedRestore(to);
  });

  it("leaves a store that is refused where it was interrupted, until it is done again", async () => {
    await using from = await openMemoryStore();
    await using to = await openMemoryStore();
    await fill(from);
    const backup = await backupOf(from);
    const options = { what: "to", whenNotEmpty: "replace" } as const;
    const cut = await imageOf(backup.subarray(0, backup.length - 5));
    await restoreThroughStore(to, cut, options).catch(() => undefined);
    const refused = await refuseUnfinishedRestore(to).catch(String);
    equal(String(refused).includes("a restore into it was not finished"), true);
    await restoreThroughStore(to, await imageOf(backup), options);
    equal((await to.range({ key: unfinishedKey })).count, 0);
  });
});
