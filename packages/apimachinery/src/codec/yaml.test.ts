import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseYaml, parseYamlDocuments, stringifyYaml } from "./yaml.ts";

describe("parseYaml()", () => {
  it("reads yes and on as booleans, and dates and quoted numbers as text", () => {
    const value = parseYaml('a: yes\nb: on\nc: 2024-01-01\nd: "1"\ne: 0x10\nf: ~\ng: 1e3\n');
    deepEqual(value, { a: true, b: true, c: "2024-01-01", d: "1", e: 16, f: null, g: 1000 });
  });

  it("resolves anchors and merge keys", () => {
    deepEqual(parseYaml("x: &x {a: 1}\ny: {<<: *x, b: 2}\n"), { x: { a: 1 }, y: { a: 1, b: 2 } });
  });

  it("refuses what is not YAML", () => {
    throws(() => parseYaml("a: [1"), /flow/);
  });
});

describe("parseYamlDocuments()", () => {
  it("reads every document and leaves empty ones out", () => {
    deepEqual(parseYamlDocuments("a: 1\n---\n---\nb: 2\n"), [{ a: 1 }, { b: 2 }]);
  });
});

describe("stringifyYaml()", () => {
  it("prints as kubectl does: keys in order, lists not indented, texts like numbers quoted", () => {
    const value = { b: [{ x: "1" }, { x: "yes" }], a: "one\ntwo\n" };
    equal(stringifyYaml(value), "a: |\n  one\n  two\nb:\n- x: '1'\n- x: 'yes'\n");
  });
});
