import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { CompactedError, NoSpaceError, openMemoryStore, type TxnRequest } from "@cellplane/kv";
import { TellingStore } from "./telling-store.ts";

function put(key: string, value: Buffer): TxnRequest {
  return { compare: [], success: [{ kind: "put", key: Buffer.from(key), value }], failure: [] };
}

describe("TellingStore", () => {
  it("tells of writes that the store did not make, and of no fault of a client", async () => {
    const told: string[] = [];
    await using store = new TellingStore(
      await openMemoryStore({ quotaBytes: 10_000 }),
      (outcome, error) => told.push(`${outcome} ${error.name}`),
    );
    equal((await store.txn(put("a", Buffer.alloc(20_000)))).revision, 2);
    await rejects(store.txn(put("b", Buffer.alloc(1))), NoSpaceError);
    await rejects(async () => store.leases?.grant({ id: 1, ttlSeconds: 60 }), NoSpaceError);
    deepEqual(told, ["refused NoSpaceError", "refused NoSpaceError"]);
    await store.compact(2);
    await rejects(store.compact(1), CompactedError);
    equal(told.length, 2);
  });
});
