import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJson } from "./json.ts";
import { findDuplicateFields } from "./duplicate-fields.ts";

describe("findDuplicateFields()", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['{"a":1,"b":{"a":1}}', []],
    ['{"a":1,"a":2}', ["a"]],
    [
      ' { "a" : { "x" : 1 , "x" : [ ] } , "l" : [ {"k":1}, {"k":1,"k":2,"k":3} ] } ',
      ["a.x", "l[1].k", "l[1].k"],
    ],
    ['{"a\\"b":1,"a\\"b":"x:\\\\"}', ['a"b']],
    ['{"a":"\\"c\\":1","b":"{\\"a\\":1,\\"a\\":2}"}', []],
    ['{"a":1,"\\u0061":2}', ["a"]],
    ['{"a":[1,true,null,-1.5e3,"s",[]],"b":{}}', []],
    ['{"a":{"b":1},"a":{"b":1,"b":2}}', ["a", "a.b"]],
    ["[]", []],
  ];
  for (const [text, expected] of cases) {
    it(`finds [${expected.join(", ")}] in ${text}`, () => {
      deepEqual(findDuplicateFields(text), expected);
      deepEqual(findDuplicateFields(text, parseJson(text)), expected);
    });
  }
});
