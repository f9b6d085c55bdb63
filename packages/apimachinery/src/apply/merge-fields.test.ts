import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { createSchemaCompiler } from "../schema/compile-schema.ts";
import { collectFields } from "./collect-fields.ts";
import { compareFields } from "./compare-fields.ts";
import { FieldType } from "./field-type.ts";
import { FieldTypeError } from "./list-element.ts";
import { mergeFields } from "./merge-fields.ts";
import { removeFields } from "./remove-fields.ts";
import { validateApplied } from "./validate-applied.ts";

const text = { type: "string" };
const map = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };
const type = FieldType.of(
  createSchemaCompiler(() => undefined)({
    type: "object",
    properties: {
      a: text,
      n: { type: "integer" },
      struct: { type: "object", properties: { x: text, y: text } },
      map: { type: "object", additionalProperties: text },
      atomic: {
        type: "object",
        additionalProperties: text,
        "x-kubernetes-map-type": "atomic",
      },
      set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
      plain: { type: "array", items: text },
      items: {
        type: "array",
        ...map,
        items: { type: "object", properties: { name: text, v: text } },
      },
      free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
  }),
);

const letter = fc.constantFrom("a", "b", "c", "d");
const letters = fc.uniqueArray(letter, { maxLength: 4 });
const dictionary = fc.dictionary(letter, letter, { maxKeys: 3, noNullPrototype: true });
const value = fc.record(
  {
    a: letter,
    struct: fc.record({ x: letter, y: letter }, { requiredKeys: [], noNullPrototype: true }),
    map: dictionary,
    atomic: dictionary,
    set: letters,
    plain: letters,
    items: letters.chain((names) =>
      fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), v: letter }))),
    ),
    free: fc.dictionary(letter, fc.jsonValue({ maxDepth: 1 }), { noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;

const merge = (live: JsonObject, applied: JsonObject): JsonObject =>
  mergeFields(type, { live, applied });
const named = (...names: readonly string[]): readonly JsonObject[] =>
  names.map((name) => ({ name }));

describe("mergeFields()", () => {
  it("merges maps by key and lists by item, and replaces what is atomic", () => {
    const live = { map: { a: "1" }, atomic: { a: "1" }, set: ["a"], plain: ["a"], n: 1 };
    const applied = { map: { b: "2" }, atomic: { b: "2" }, set: ["b"], plain: ["b"] };
    deepEqual(merge(live, applied), {
      map: { a: "1", b: "2" },
      atomic: { b: "2" },
      set: ["a", "b"],
      plain: ["b"],
      n: 1,
    });
  });

  it("takes the order of what is applied, and leaves other items beside their neighbours", () => {
    const order = (live: readonly string[], applied: readonly string[]): JsonValue | undefined =>
      merge({ set: live }, { set: applied })["set"];
    deepEqual(order(["a", "b", "c"], ["c", "a"]), ["b", "c", "a"]);
    deepEqual(order(["a", "x", "b"], ["b", "n", "a"]), ["x", "b", "n", "a"]);
    deepEqual(order(["a", "x"], ["n", "a"]), ["n", "a", "x"]);
    deepEqual(order(["x", "a"], ["a", "n"]), ["x", "a", "n"]);
  });

  it("keeps what an empty or null map or list does not name", () => {
    deepEqual(merge({ map: { a: "1" }, set: ["a"] }, { map: {}, set: [] }), {
      map: { a: "1" },
      set: ["a"],
    });
    deepEqual(merge({ map: { a: "1" }, a: "1" }, { map: null, a: null }), {
      map: { a: "1" },
      a: null,
    });
  });

  it("changes nothing when done again, and then returns the live object itself", () => {
    fc.assert(
      fc.property(value, value, (live, applied) => {
        const once = merge(live, applied);
        deepEqual(merge(once, applied), once);
      }),
    );
    const live = { struct: { x: "1" }, a: "2" };
    equal(merge(live, { struct: { x: "1" } }), live);
  });

  it("has all that is applied", () => {
    fc.assert(
      fc.property(value, value, (live, applied) => {
        const merged = merge(live, applied);
        const { removed, modified } = compareFields(type, { left: applied, right: merged });
        // An empty map or list that is applied may be found filled.
        deepEqual(modified, {});
        deepEqual(Object.keys(removed), []);
      }),
    );
  });
});

describe("compareFields()", () => {
  it("finds nothing between equals, and the reverse of what it finds the other way", () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        deepEqual(compareFields(type, { left, right: structuredClone(left) }), {
          added: {},
          modified: {},
          removed: {},
        });
        const there = compareFields(type, { left, right });
        const back = compareFields(type, { left: right, right: left });
        deepEqual(there.added, back.removed);
        deepEqual(there.modified, back.modified);
      }),
    );
  });

  it("names a new list item with all that is in it", () => {
    const { added } = compareFields(type, {
      left: { items: [] },
      right: { items: [{ name: "a", v: "1" }] },
    });
    deepEqual(added, {
      "f:items": { 'k:{"name":"a"}': { ".": {}, "f:name": {}, "f:v": {} } },
    });
  });

  it("treats items that occur twice as one leaf", () => {
    const left = { set: ["a", "a"] };
    deepEqual(compareFields(type, { left, right: { set: ["a"] } }), {
      added: { "f:set": { 'v:"a"': {} } },
      modified: {},
      removed: { "f:set": { 'v:"a"': {} } },
    });
    deepEqual(compareFields(type, { left, right: { set: ["a", "a", "a"] } }).modified, {
      "f:set": { 'v:"a"': {} },
    });
  });

  it("finds what was below a value that became another kind", () => {
    const left = { free: { x: { y: 1 } } };
    deepEqual(compareFields(type, { left, right: { free: { x: 5 } } }), {
      added: {},
      modified: { "f:free": { "f:x": {} } },
      removed: { "f:free": { "f:x": { "f:y": {} } } },
    });
  });

  it("refuses items that cannot be told apart", () => {
    throws(() => compareFields(type, { left: {}, right: { items: [{ v: "1" }] } }), FieldTypeError);
  });
});

describe("collectFields()", () => {
  it("owns leaves, items and keys of maps, but no declared field that has some below", () => {
    deepEqual(
      collectFields(type, {
        struct: { x: "1" },
        map: { k: "v" },
        atomic: { k: "v" },
        set: ["a"],
        plain: ["a"],
        items: named("a"),
        free: { m: { n: 1 }, l: [{}] },
      }),
      {
        "f:struct": { "f:x": {} },
        "f:map": { "f:k": {} },
        "f:atomic": {},
        "f:set": { 'v:"a"': {} },
        "f:plain": {},
        "f:items": { 'k:{"name":"a"}': { ".": {}, "f:name": {} } },
        "f:free": { "f:m": { ".": {}, "f:n": {} }, "f:l": {} },
      },
    );
    deepEqual(collectFields(type, { struct: {}, map: {} }), { "f:struct": {}, "f:map": {} });
  });

  it("is all that removeFields() removes", () => {
    fc.assert(
      fc.property(value, (object) => {
        const rest = removeFields(type, object, collectFields(type, object));
        deepEqual(compareFields(type, { left: {}, right: rest }).modified, {});
        equal(rest["a"], undefined);
        equal(rest["atomic"], undefined);
        equal(rest["plain"], undefined);
      }),
    );
  });
});

describe("validateApplied()", () => {
  it("names what does not fit the schema as structured-merge-diff does", () => {
    deepEqual(validateApplied(type, { odd: 1 }), [".odd: field not declared in schema"]);
    deepEqual(validateApplied(type, { items: named("a", "a") }), [
      '.items: duplicate entries for key [name="a"]',
    ]);
    deepEqual(validateApplied(type, { n: "x" }), [
      ".n: expected numeric (int or float), got string",
    ]);
    deepEqual(validateApplied(type, { map: ["x"] }), [".map: expected map, got &{[x]}"]);
    deepEqual(validateApplied(type, { items: [{ v: "1" }] }), [
      `.items: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn't have default values for any key fields)`,
    ]);
    deepEqual(validateApplied(type, { free: { any: [{ thing: null }] }, a: null }), []);
  });
});
