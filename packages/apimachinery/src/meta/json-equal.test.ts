import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJson, stringifyJson } from "../codec/json.ts";
import { isJsonEqual } from "./json-equal.ts";

const reread = (text: string): ReturnType<typeof parseJson> =>
  parseJson(stringifyJson(parseJson(text)));

describe("isJsonEqual()", () => {
  it("ignores the order of keys, and members that are undefined", () => {
    equal(isJsonEqual({ a: 1, b: [null] }, { b: [null], a: 1 }), true);
    equal(isJsonEqual({ a: 1 }, { a: 1, b: null }), false);
    equal(isJsonEqual([1, 2], [2, 1]), false);
  });

  it("calls equal whatever is written the same, beyond 2⁵³ too", () => {
    for (const text of [
      "9007199254740991",
      "9007199254740992",
      "9007199254740992.0",
      "-9007199254740992.0",
      "9007199254740993",
      "9223372036854775807",
      "1152921504606846976.0",
      "1e21",
    ]) {
      equal(isJsonEqual([parseJson(text)], [reread(text)]), true, text);
    }
  });

  it("tells numbers beyond 2⁵³ apart", () => {
    equal(isJsonEqual(parseJson("9007199254740992.0"), parseJson("9007199254740993")), false);
    equal(isJsonEqual(parseJson("9007199254740993"), "9007199254740993"), false);
  });
});
