import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { StatusError } from "../status/status-error.ts";
import { applyMergePatch, createMergePatch } from "./merge-patch.ts";

// Objects without nulls: a merge patch cannot set one.
const { object } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<JsonValue>("a", "", 0, 1, true),
    fc.array(fc.integer({ max: 3, min: 0 }), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom("a", "b", "__proto__", "constructor"), tie("value"), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
}));

describe("applyMergePatch()", () => {
  it("deletes with null, merges objects and replaces lists", () => {
    const document = { a: "1", b: { c: 1, d: [1, 2] }, e: { f: 1 } };
    const patched = applyMergePatch(document, { a: null, none: null, b: { c: 2, d: [3] } });
    deepEqual(patched, { b: { c: 2, d: [3] }, e: { f: 1 } });
    equal(patched["e"], document.e, "what the patch does not touch is shared");
  });

  it("leaves nulls out of new objects, also inside lists", () => {
    deepEqual(applyMergePatch({}, { a: { b: null, c: [{ d: null, e: 1 }, null] } }), {
      a: { c: [{ e: 1 }, null] },
    });
    deepEqual(applyMergePatch({ a: 1 }, { a: { b: null } }), { a: {} });
  });

  it("is the document itself when the patch is empty", () => {
    const document = { a: 1 };
    equal(applyMergePatch(document, {}), document);
  });

  it("answers 400 for what is no object", () => {
    const message = (patch: JsonValue): string => {
      try {
        applyMergePatch({}, patch);
      } catch (error) {
        if (error instanceof StatusError && error.code === 400) return error.message;
      }
      return "applied";
    };
    equal(message(null), "Invalid JSON Patch");
    equal(
      message([1]),
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    );
    throws(() => applyMergePatch({}, "x"), /cannot unmarshal string into/);
  });
});

describe("createMergePatch()", () => {
  it("is empty between equals and names only what differs", () => {
    deepEqual(createMergePatch({ a: { b: 1, c: 2 } }, { a: { c: 2, b: 1 } }), {});
    deepEqual(createMergePatch({ a: { b: 1, c: 2 }, d: 1 }, { a: { b: 1, c: 3 } }), {
      a: { c: 3 },
      d: null,
    });
  });

  it("leads from any object to any other", () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        deepEqual(applyMergePatch(from, createMergePatch(from, to)), to);
      }),
    );
  });
});
