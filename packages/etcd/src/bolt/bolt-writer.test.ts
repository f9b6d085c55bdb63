import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type BoltFile, readBoltFile } from "./bolt-file.suite.ts";
import { BoltWriter } from "./bolt-writer.ts";
import type { BoltItem } from "./tree-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-bolt-"));
after(() => rmSync(folder, { recursive: true }));

async function write(buckets: Readonly<Record<string, readonly BoltItem[]>>): Promise<BoltFile> {
  await using bolt = await BoltWriter.create(folder);
  for (const [name, items] of Object.entries(buckets)) await bolt.writeBucket(name, [items]);
  await bolt.finish();
  return readBoltFile(await bolt.file.readAt(0, bolt.file.sizeBytes + 1));
}

function itemsOf(count: number, valueBytes: number): readonly BoltItem[] {
  return Array.from({ length: count }, (_, i) => ({
    key: Buffer.from(String(i).padStart(8, "0")),
    value: Buffer.alloc(valueBytes, i % 251),
  }));
}

/** What the file must hold: the items as they were given. */
function entriesOf(items: readonly BoltItem[]): readonly (readonly [string, Buffer])[] {
  return items.map(({ key, value }) => [key.toString("latin1"), value] as const);
}

describe("BoltWriter", () => {
  it("keeps an empty bucket and a small one in the page of their names", async () => {
    const small = itemsOf(3, 10);
    const { content, levels } = await write({ small, empty: [] });
    deepEqual(
      [...content],
      [
        ["empty", []],
        ["small", entriesOf(small)],
      ],
    );
    equal(levels.size, 0);
  });

  it("writes a database without buckets", async () => {
    equal((await write({})).content.size, 0);
  });

  it("writes as many levels of branches as there have to be", async () => {
    const many = Array.from({ length: 110_000 }, (_, i) => ({
      key: Buffer.from(String(i).padStart(100, "0")),
      value: Buffer.alloc(0),
    }));
    const { content, levels } = await write({ many });
    deepEqual([...levels], [["many", 4]]);
    const found = content.get("many")?.map(([key]) => key);
    equal(found?.join(), many.map(({ key }) => key.toString()).join());
  });

  it("gives values that are longer than a page the pages that they need", async () => {
    for (const valueBytes of [4060, 4064, 4065, 8192, 1_572_864]) {
      const long = itemsOf(3, valueBytes);
      const mixed = [...itemsOf(5, 1), { key: Buffer.from("x"), value: Buffer.alloc(5000, 1) }];
      const { content } = await write({ long, mixed });
      deepEqual(content.get("long"), entriesOf(long), String(valueBytes));
      deepEqual(content.get("mixed"), entriesOf(mixed));
    }
  });

  it("takes keys so long that a page holds none", async () => {
    const items = itemsOf(40, 0).map(({ key, value }) => ({
      key: Buffer.concat([key, Buffer.alloc(5000, 7)]),
      value,
    }));
    deepEqual((await write({ items })).content.get("items"), entriesOf(items));
  });

  it("refuses keys that are out of order", async () => {
    const [a, b] = itemsOf(2, 1);
    if (!a || !b) throw new Error("There are no items");
    await rejects(write({ wrong: [b, a] }), /not in their order/);
    await rejects(write({ wrong: [a, a] }), /not in their order/);
  });

  it("leaves nothing in its folder, whatever becomes of it", async () => {
    await using bolt = await BoltWriter.create(folder);
    await bolt.writeBucket("many", [itemsOf(10_000, 100)]);
    deepEqual(readdirSync(folder), []);
  });
});
