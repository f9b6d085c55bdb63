import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { KeyIndex } from "./key-index.ts";
import type { KeySpan } from "./key-text.ts";
import type { LogChange } from "./revision-log.ts";

function changeOf(kind: "put" | "delete", key: string, revision: number): LogChange {
  const numbers = { sub: 0, createRevision: 0, version: 0, lease: 0 };
  const before = { previousRevision: 0, previousSub: 0, previous: undefined };
  return { kind, key, revision, ...numbers, ...before, value: undefined };
}

describe("KeyIndex", () => {
  it("agrees with a sorted list over thousands of inserts, updates and removals", () => {
    const write = fc.record({ kind: fc.constantFrom("put", "put", "delete"), key: fc.nat(4000) });
    const histories = fc.array(write, { minLength: 1500, maxLength: 3000 });
    fc.assert(
      fc.property(histories, fc.nat(4000), fc.nat(4000), (writes, from, to) => {
        const index = new KeyIndex();
        const model = new Map<string, number>();
        for (const [i, { kind, key }] of writes.entries()) {
          const name = String(key);
          index.apply(changeOf(kind, name, i));
          if (kind === "put") model.set(name, i);
          else model.delete(name);
        }
        const spans: readonly KeySpan[] = [
          { start: "", single: false },
          { start: String(from), end: String(to), single: false },
          { start: String(from), end: `${from}\0`, single: true },
        ];
        for (const span of spans) check(index, model, span);
      }),
      { numRuns: 20 },
    );
  });

  it("is empty again when everything was deleted", () => {
    const index = new KeyIndex();
    for (let i = 0; i < 2000; i++) index.apply(changeOf("put", `k${i}`, i));
    for (let i = 0; i < 2000; i++) index.apply(changeOf("delete", `k${i}`, i));
    equal(index.size, 0);
    deepEqual(index.list({ start: "", single: false }, 0), []);
    index.apply(changeOf("put", "again", 1));
    equal(index.count({ start: "", single: false }), 1);
  });
});

function check(index: KeyIndex, model: ReadonlyMap<string, number>, span: KeySpan): void {
  const isIn = (key: string): boolean =>
    key >= span.start && (span.end === undefined || key < span.end);
  const expected = [...model].filter(([key]) => isIn(key)).sort(([a], [b]) => (a < b ? -1 : 1));
  const found = index.list(span, 0).map(({ key, revision }) => [key, revision]);
  deepEqual(found, expected);
  equal(index.count(span), expected.length);
  deepEqual(index.list(span, 3).length, Math.min(3, expected.length));
}
