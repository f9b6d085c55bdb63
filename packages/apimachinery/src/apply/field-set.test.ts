import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  differenceFields,
  type FieldSet,
  fieldSetOf,
  intersectFields,
  isEmptyFieldSet,
  recursiveDifferenceFields,
  unionFields,
} from "./field-set.ts";
import { hasFieldPath, listFieldPaths, parseFieldsV1, sortFieldSet } from "./field-set-codec.ts";
import { formatFieldPath } from "./path-element.ts";

const element = fc.constantFrom("f:a", "f:b", 'k:{"name":"x"}', "v:1");
const path = fc.array(element, { minLength: 1, maxLength: 3 });
const set = fc.array(path, { maxLength: 6 }).map((paths) => fieldSetOf(...paths));

function pathsOf(fields: FieldSet): ReadonlySet<string> {
  return new Set(listFieldPaths(fields).map((each) => each.join("/")));
}

describe("field sets", () => {
  it("keep a parent that is owned apart from one that only has children", () => {
    deepEqual(fieldSetOf(["f:a", "f:b"]), { "f:a": { "f:b": {} } });
    deepEqual(fieldSetOf(["f:a", "f:b"], ["f:a"]), { "f:a": { ".": {}, "f:b": {} } });
    const owned = fieldSetOf(["f:a", "f:b"], ["f:a"]);
    deepEqual(differenceFields(owned, fieldSetOf(["f:a"])), { "f:a": { "f:b": {} } });
    deepEqual(differenceFields(owned, fieldSetOf(["f:a", "f:b"])), { "f:a": {} });
    deepEqual(recursiveDifferenceFields(owned, fieldSetOf(["f:a"])), {});
  });

  it("are sets of paths under union, difference and intersection", () => {
    fc.assert(
      fc.property(set, set, (left, right) => {
        const [ours, theirs] = [pathsOf(left), pathsOf(right)];
        ok(equalSets(pathsOf(unionFields(left, right)), ours.union(theirs)));
        ok(equalSets(pathsOf(differenceFields(left, right)), ours.difference(theirs)));
        ok(equalSets(pathsOf(intersectFields(left, right)), ours.intersection(theirs)));
        equal(isEmptyFieldSet(left), ours.size === 0);
      }),
    );
  });

  it("survive FieldsV1, whatever order it is written in", () => {
    fc.assert(
      fc.property(set, (fields) => {
        deepEqual(parseFieldsV1(JSON.parse(JSON.stringify(sortFieldSet(fields)))), fields);
        for (const each of listFieldPaths(fields)) ok(hasFieldPath(fields, each));
      }),
    );
  });

  it("are themselves when an operation changes nothing", () => {
    const fields = fieldSetOf(["f:a", "f:b"]);
    equal(unionFields(fields, fieldSetOf(["f:a", "f:b"])), fields);
    equal(differenceFields(fields, fieldSetOf(["f:c"])), fields);
    equal(parseFieldsV1(fields), fields);
    equal(sortFieldSet(fields), fields);
  });
});

describe("parseFieldsV1()", () => {
  it("brings elements into one spelling", () => {
    deepEqual(parseFieldsV1({ 'k:{ "b":1, "a":"<" }': {}, "v:1.0": { ".": {} } }), {
      'k:{"a":"\\u003c","b":1}': {},
      "v:1": {},
    });
  });

  it("passes over elements of a kind that it does not know", () => {
    deepEqual(parseFieldsV1({ "x:a": {}, "f:a": {} }), { "f:a": {} });
  });

  it("refuses what is no FieldsV1", () => {
    for (const wrong of [{ a: {} }, { "v:{": {} }, { "i:one": {} }, { "f:a": 1 }, 5]) {
      let error: unknown;
      try {
        parseFieldsV1(wrong);
      } catch (thrown) {
        error = thrown;
      }
      ok(error instanceof SyntaxError, JSON.stringify(wrong));
    }
  });
});

describe("listFieldPaths()", () => {
  it("lists what is at a node before what is below, each as Kubernetes sorts it", () => {
    const fields = fieldSetOf(
      ["f:b", "f:x"],
      ["f:list", "v:10"],
      ["f:list", "v:9"],
      ["f:list", 'k:{"port":80,"proto":"TCP"}'],
      ["f:list", "i:2"],
      ["f:a"],
      ["f:b"],
    );
    deepEqual(listFieldPaths(fields).map(formatFieldPath), [
      ".a",
      ".b",
      ".b.x",
      '.list[port=80,proto="TCP"]',
      ".list[=9]",
      ".list[=10]",
      ".list[2]",
    ]);
  });
});

function equalSets(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && left.isSubsetOf(right);
}
