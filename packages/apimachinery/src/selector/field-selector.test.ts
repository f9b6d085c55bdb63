import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseFieldSelector } from "./field-selector.ts";

const fields: Readonly<Record<string, string>> = { "metadata.name": "a", "spec.x": "p,q=r\\" };
const matches = (text: string): boolean =>
  parseFieldSelector(text).matches((field) => fields[field]);

describe("parseFieldSelector()", () => {
  it("compares for equal and unequal, an absent field as empty", () => {
    equal(matches("metadata.name=a"), true);
    equal(matches("metadata.name==a,metadata.name!=b"), true);
    equal(matches("metadata.name!=a"), false);
    equal(matches("spec.none="), true);
    equal(matches(""), true);
  });

  it("takes escaped characters in values, and writes them again", () => {
    equal(matches("spec.x=p\\,q\\=r\\\\"), true);
    equal(String(parseFieldSelector("spec.x==p\\,q\\=r\\\\")), "spec.x=p\\,q\\=r\\\\");
  });

  it("tells its requirements", () => {
    const selector = parseFieldSelector("b!=2,a=1");
    deepEqual(selector.requirements, [
      { field: "a", operator: "=", value: "1" },
      { field: "b", operator: "!=", value: "2" },
    ]);
    equal(selector.exactValue("a"), "1");
    equal(selector.exactValue("b"), undefined);
  });

  it("refuses what it cannot understand", () => {
    const refuses = (text: string, message: string): void =>
      throws(() => parseFieldSelector(text), { name: "SelectorError", message });
    refuses("nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'");
    refuses("a=\\x", "invalid field selector: invalid escape sequence: \\x");
    refuses("a=b=c", "invalid field selector: unescaped character in value: 61");
  });
});
