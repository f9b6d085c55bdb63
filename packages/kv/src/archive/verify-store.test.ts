import { equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore } from "../memory/open-memory-store.ts";
import { readImageIntoMemory } from "../memory/memory-restore.ts";
import { put } from "../store/mvcc-testing.suite.ts";
import type { MvccStore, RangeResult } from "../store/mvcc-store.ts";
import type { VerifyReport } from "../store/verify-report.ts";
import { backupOf, fill, imageOf } from "./archive-testing.suite.ts";
import { verifyStore } from "./verify-store.ts";

function textOf({ findings }: VerifyReport): string {
  return findings.map((f) => `${f.revision ?? "-"} ${f.key ?? "-"} ${f.message}`).join("\n");
}

/** A store whose answers to ranges are changed on their way. */
function changed(store: MvccStore, change: (result: RangeResult) => RangeResult): MvccStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "range")
        return async (...args: Parameters<MvccStore["range"]>) =>
          change(await target.range(...args));
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe("verifyStore()", () => {
  it("finds nothing wrong with a new store, one with history, a compacted and a restored one", async () => {
    await using store = await openMemoryStore();
    equal(textOf(await verifyStore(store)), "");
    await fill(store);
    equal(textOf(await verifyStore(store)), "");
    await store.compact(20);
    const report = await verifyStore(store);
    equal(textOf(report), "");
    equal(report.keys, 11);
    const restored = await readImageIntoMemory(await imageOf(await backupOf(store)), {
      epoch: 1,
      revision: 1,
    });
    await using second = await restored.open();
    equal(textOf(await verifyStore(second)), "");
    await put(second, "more", "v");
    equal(textOf(await verifyStore(second)), "");
  });

  it("says which key differs from history", async () => {
    await using store = await openMemoryStore();
    await fill(store);
    const lying = changed(store, (result) => ({
      ...result,
      kvs: result.kvs.map((kv) =>
        kv.key.toString() === "a/4" ? { ...kv, value: Buffer.from("another") } : kv,
      ),
    }));
    match(textOf(await verifyStore(lying)), /^26? a\/4 it differs from history/m);
  });

  it("says which key is missing, and that the count is another", async () => {
    await using store = await openMemoryStore();
    await fill(store);
    const lying = changed(store, (result) => ({
      ...result,
      kvs: result.kvs.filter(({ key }) => key.toString() !== "empty"),
    }));
    const text = textOf(await verifyStore(lying));
    match(text, /empty history has it live, and it is not/);
    match(text, /11 keys are counted, and 10 are read/);
  });
});
