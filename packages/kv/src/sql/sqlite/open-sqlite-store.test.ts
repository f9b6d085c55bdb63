import { deepEqual } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { describeLeases } from "../../store/mvcc-lease.suite.ts";
import { describeMvccStore } from "../../store/mvcc-store.suite.ts";
import { k, put } from "../../store/mvcc-testing.suite.ts";
import { describeConcurrentWatch } from "../../store/mvcc-watch.suite.ts";
import { openSqliteStore, type SqliteStoreOptions } from "./open-sqlite-store.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-kv-"));
after(() => rmSync(root, { recursive: true }));

const openWith = (options: Omit<SqliteStoreOptions, "path">) => () =>
  openSqliteStore({ path: join(mkdtempSync(join(root, "store-")), "store.db"), ...options });

// With next to nothing in memory, so that values and history come from the file.
const ring = { maxChanges: 3, maxBytes: 1000 };
describeMvccStore("openSqliteStore()", openWith({ writer: "inline", ring }));
describe("openSqliteStore() with a writer thread", () => describeConcurrentWatch(openWith({})));
describe("openSqliteStore() with a writer thread and a ring of three", () =>
  describeConcurrentWatch(openWith({ ring })));
describeLeases("openSqliteStore()", (leaseClock) => openWith({ writer: "inline", leaseClock })());
describeLeases("openSqliteStore() with a writer thread", (leaseClock) =>
  openWith({ leaseClock })(),
);

describe("openSqliteStore() once more", () => {
  it("has the leases that were there, with their keys and their whole time", async () => {
    const path = join(mkdtempSync(join(root, "store-")), "store.db");
    await using first = await openSqliteStore({ path, writer: "inline" });
    await first.leases?.grant({ id: 4, ttlSeconds: 60 });
    await first.leases?.grant({ id: 5, ttlSeconds: 60 });
    await put(first, "a", "v", { lease: 4 });
    await first.leases?.revoke(5);
    await first[Symbol.asyncDispose]();
    const leaseClock = { nowMs: () => 0, after: () => () => undefined };
    await using second = await openSqliteStore({ path, writer: "inline", leaseClock });
    deepEqual(await second.leases?.list(), [{ id: 4, ttlSeconds: 60 }]);
    const state = await second.leases?.timeToLive(4);
    deepEqual(state, { id: 4, ttlSeconds: 60, remainingSeconds: 60, keys: [k("a")] });
  });
});
