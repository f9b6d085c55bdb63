import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { compileSchema } from "./compile-schema.ts";
import { validateValue, validateValueUpdate } from "./validate-value.ts";

const specSchema: JsonObject = {
  type: "object",
  properties: {
    s: { type: "string", minLength: 2, maxLength: 4, pattern: "^[a-z]+$" },
    n: { type: "integer", minimum: 1, maximum: 10, multipleOf: 2 },
    e: { type: "string", enum: ["A", "B"] },
    x: { type: "number", minimum: 0, exclusiveMinimum: true },
    b: { type: "boolean" },
    l: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 2 },
    m: {
      type: "object",
      additionalProperties: { type: "string" },
      maxProperties: 1,
      minProperties: 1,
    },
    dt: { type: "string", format: "date-time" },
    i32: { type: "integer", format: "int32" },
    p: { "x-kubernetes-int-or-string": true },
    nn: { type: "string", nullable: true },
  },
  required: ["s"],
};
const node = compileSchema({ type: "object", properties: { spec: specSchema } });

function textsOf(spec: JsonValue): readonly string[] {
  const errors = validateValue(node, { spec }, "");
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe("validateValue()", () => {
  const cases: readonly (readonly [string, JsonValue, readonly string[]])[] = [
    ["a missing field", {}, ["spec.s: Required value"]],
    ["a long text", { s: "ABCDE" }, ["spec.s: Too long: may not be more than 4 bytes"]],
    [
      "a short text",
      { s: "a" },
      ['spec.s: Invalid value: "a": spec.s in body should be at least 2 chars long'],
    ],
    [
      "a text that does not match",
      { s: "AB" },
      [`spec.s: Invalid value: "AB": spec.s in body should match '^[a-z]+$'`],
    ],
    [
      "a number that breaks two rules",
      { s: "ab", n: 11 },
      [
        "spec.n: Invalid value: 11: spec.n in body should be a multiple of 2",
        "spec.n: Invalid value: 11: spec.n in body should be less than or equal to 10",
      ],
    ],
    [
      "a value that is not listed",
      { s: "ab", e: "C" },
      ['spec.e: Unsupported value: "C": supported values: "A", "B"'],
    ],
    [
      "an exclusive bound",
      { s: "ab", x: 0 },
      ["spec.x: Invalid value: 0: spec.x in body should be greater than 0"],
    ],
    [
      "a value of the wrong type",
      { s: "ab", b: "yes" },
      ['spec.b: Invalid value: "string": spec.b in body must be of type boolean: "string"'],
    ],
    [
      "a list that is too short",
      { s: "ab", l: [] },
      ["spec.l: Invalid value: 0: spec.l in body should have at least 1 items"],
    ],
    [
      "a list that is too long",
      { s: "ab", l: [1, 2, 3] },
      ["spec.l: Too many: 3: must have at most 2 items"],
    ],
    [
      "an item of the wrong type",
      { s: "ab", l: ["x"] },
      ['spec.l[0]: Invalid value: "string": spec.l[0] in body must be of type integer: "string"'],
    ],
    [
      "too many members",
      { s: "ab", m: { a: "1", b: "2" } },
      ["spec.m: Too many: 2: must have at most 1 item"],
    ],
    [
      "a bad format",
      { s: "ab", dt: "noon" },
      ['spec.dt: Invalid value: "noon": spec.dt in body must be of type date-time: "noon"'],
    ],
    [
      "an integer beyond its format",
      { s: "ab", i32: 3000000000 },
      [
        '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.i32',
      ],
    ],
    [
      "a text instead of an object",
      "x",
      ['spec: Invalid value: "string": spec in body must be of type object: "string"'],
    ],
    [
      "a fraction instead of an integer",
      { s: "ab", n: 1.5 },
      [
        'spec.n: Invalid value: "number": spec.n in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.n',
        "spec.n: Invalid value: 1.5: spec.n in body should be a multiple of 2",
      ],
    ],
    [
      "a boolean for int-or-string",
      { s: "ab", p: true },
      [
        'spec.p: Invalid value: "boolean": spec.p in body must be of type integer,string: "boolean"',
      ],
    ],
    [
      "null where it is not allowed",
      { s: "ab", b: null },
      ['spec.b: Invalid value: "null": spec.b in body must be of type boolean: "null"'],
    ],
    ["nothing wrong", { s: "ab", n: 2, p: "80%", nn: null, l: [1], m: { a: "1" } }, []],
  ];
  for (const [what, spec, expected] of cases) {
    it(`says what is wrong with ${what}`, () => deepEqual(textsOf(spec), expected));
  }

  it("reports junctors that fail, and why their first alternative does", () => {
    const one = compileSchema({
      type: "object",
      properties: { spec: { type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] } },
    });
    deepEqual(
      validateValue(one, { spec: {} }, "").map(({ field, message }) => `${field}: ${message}`),
      [
        '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
        "spec.a: Required value",
      ],
    );
    deepEqual(validateValue(one, { spec: { a: 1 } }, ""), []);
    equal(validateValue(one, { spec: { a: 1, b: 1 } }, "").length, 1);
  });
});

describe("validateValueUpdate()", () => {
  const ratcheting = compileSchema({
    type: "object",
    properties: {
      a: { type: "string", pattern: "^[a-z]*$" },
      b: { type: "string" },
      l: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
        items: {
          type: "object",
          properties: { k: { type: "string" }, v: { type: "integer", maximum: 5 } },
        },
      },
      plain: { type: "array", items: { type: "integer", maximum: 5 } },
    },
  });
  const count = (value: JsonValue, old: JsonValue): number =>
    validateValueUpdate(ratcheting, value, old, "").length;

  it("keeps what was wrong and is unchanged", () => {
    equal(count({ a: "UP", b: "2" }, { a: "UP", b: "1" }), 0);
    equal(count({ a: "OTHER", b: "2" }, { a: "UP", b: "1" }), 1);
  });

  it("compares items of list maps by their keys", () => {
    const old = {
      l: [
        { k: "x", v: 9 },
        { k: "y", v: 1 },
      ],
    };
    equal(
      count(
        {
          l: [
            { k: "y", v: 2 },
            { k: "x", v: 9 },
          ],
        },
        old,
      ),
      0,
    );
    equal(count({ l: [{ k: "y", v: 9 }] }, old), 1);
  });

  it("compares other lists as a whole", () => {
    equal(count({ plain: [9], b: "2" }, { plain: [9] }), 0);
    equal(count({ plain: [9, 1] }, { plain: [9] }), 1);
  });
});

describe("validateValue() of sets, list maps and whole objects", () => {
  const invariants = compileSchema({
    type: "object",
    properties: {
      s: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
      m: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["a", "b"],
        items: { type: "object", properties: { a: { type: "string" }, b: { type: "integer" } } },
      },
      t: {
        type: "object",
        "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true,
      },
    },
  });
  const texts = (value: JsonValue): readonly string[] =>
    validateValue(invariants, value, "").map(({ field, message }) => `${field}: ${message}`);

  it("finds duplicates", () => {
    deepEqual(texts({ s: ["a", "b", "a"] }), ['s[2]: Duplicate value: "a"']);
    const m = [
      { a: "x", b: 1 },
      { a: "x", b: 2 },
      { b: 1, a: "x" },
    ];
    deepEqual(texts({ m }), ['m[2]: Duplicate value: {"a":"x","b":1}']);
  });

  it("checks type and metadata of whole objects", () => {
    deepEqual(texts({ t: { metadata: { name: "n" } } }), [
      "t.apiVersion: Required value",
      "t.kind: Required value",
    ]);
    const metadata = { name: "Bad_Name", labels: { "a b": "x" } };
    deepEqual(texts({ t: { apiVersion: "v1", kind: "Pod", metadata } }), [
      `t.metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ]);
  });
});
