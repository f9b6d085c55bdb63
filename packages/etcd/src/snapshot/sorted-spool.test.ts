import { deepEqual, ok } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { SortedSpool } from "./sorted-spool.ts";

/** Rows whose orders are all numbers up to a prime, in a jumble; the bytes of each tell its order. */
function rowsOf(count: number): readonly { readonly order: number; readonly bytes: Buffer }[] {
  return Array.from({ length: count }, (_, i) => {
    const order = (i * 7919) % count;
    return { order, bytes: Buffer.alloc(order % 300, order % 251) };
  });
}

async function sort(count: number, runBytes: number): Promise<readonly number[]> {
  const folder = await mkdtemp(join(tmpdir(), "cellplane-spool-"));
  try {
    await using spool = new SortedSpool(folder, runBytes);
    for (const row of rowsOf(count)) await spool.add([row]);
    deepEqual(readdirSync(folder), []);
    const orders: number[] = [];
    for await (const rows of spool.sorted()) {
      for (const { order, bytes } of rows) {
        deepEqual(bytes, Buffer.alloc(order % 300, order % 251));
        orders.push(order);
      }
    }
    return orders;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("SortedSpool", () => {
  const count = 6007;
  const inOrder = Array.from({ length: count }, (_, i) => i);

  it("sorts in memory what fits into it", async () => {
    deepEqual(await sort(count, Number.MAX_SAFE_INTEGER), inOrder);
    deepEqual(await sort(0, 1), []);
  });

  it("sorts through a file what does not", async () => {
    for (const runBytes of [3000, 100_000, 1_000_000]) {
      deepEqual(await sort(count, runBytes), inOrder, String(runBytes));
    }
  });

  it("keeps all rows that have the same order, and rows longer than what is read at once", async () => {
    await using spool = new SortedSpool(tmpdir(), 1);
    for (const fill of [3, 1, 2]) {
      await spool.add([{ order: 5, bytes: Buffer.alloc(600_000, fill) }]);
      await spool.add([{ order: fill, bytes: Buffer.alloc(0) }]);
    }
    const orders: number[] = [];
    const fills = new Set<number>();
    for await (const rows of spool.sorted()) {
      for (const { order, bytes } of rows) {
        orders.push(order);
        if (order === 5) fills.add(bytes[599_999] ?? 0);
      }
    }
    deepEqual(orders, [1, 2, 3, 5, 5, 5]);
    ok([1, 2, 3].every((fill) => fills.has(fill)));
  });
});
