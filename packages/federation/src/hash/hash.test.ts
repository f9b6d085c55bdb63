import { equal, notEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { canonicalJson, hashJson } from "./canonical-json.ts";
import { md5Hex } from "./md5.ts";
import { sha256Hex, sha256HexInScript } from "./sha256.ts";

const texts = ["", "a", "单元", "x".repeat(55), "x".repeat(56), "x".repeat(64), "y".repeat(1000)];

describe("md5Hex()", () => {
  it("agrees with the platform's own at every padding", () => {
    for (const text of texts) equal(md5Hex(text), createHash("md5").update(text).digest("hex"));
  });
});

describe("sha256Hex()", () => {
  it("agrees with the platform's own at every padding, with its help and without", () => {
    for (const text of texts) {
      const expected = createHash("sha256").update(text).digest("hex");
      equal(sha256Hex(text), expected);
      equal(sha256HexInScript(text), expected);
    }
  });
});

describe("hashJson()", () => {
  it("does not depend on the order of keys, nor on absent members", () => {
    equal(
      hashJson({ a: 1, b: { d: 1, c: 2 } }),
      hashJson({ b: { c: 2, d: 1 }, a: 1, e: undefined }),
    );
  });

  it("depends on the order of lists and on int64 exactly", () => {
    notEqual(hashJson([1, 2]), hashJson([2, 1]));
    notEqual(hashJson(9007199254740993n), hashJson(9007199254740992n));
  });

  it("sorts at every depth, whether anything was sorted before or not", () => {
    const sorted = '{"a":[{"b":1,"c":2}],"d":{"e":{"f":1,"g":2}}}';
    equal(canonicalJson({ d: { e: { g: 2, f: 1 } }, a: [{ c: 2, b: 1 }] }), sorted);
    equal(canonicalJson({ a: [{ c: 2, b: 1 }], d: { e: { f: 1, g: 2 } } }), sorted);
    equal(canonicalJson({ a: [{ b: 1, c: 2 }], d: { e: { f: 1, g: 2 } } }), sorted);
    equal(canonicalJson({ 10: 1, 2: 2, x: 3 }), canonicalJson({ x: 3, 2: 2, 10: 1 }));
  });

  it("keeps a key named __proto__", () => {
    const object = JSON.parse('{"__proto__":1}') as { readonly a: number };
    equal(canonicalJson(object), '{"__proto__":1}');
  });
});
