import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { describeJsonError } from "./describe-json-error.ts";

describe("describeJsonError()", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "unexpected end of JSON input"],
    ['{"kind":', "unexpected end of JSON input"],
    ["{bad", "invalid character 'b' looking for beginning of object key string"],
    ["nonsense", "invalid character 'o' in literal null (expecting 'u')"],
    ["{} trailing", "invalid character 't' after top-level value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ["[1 2]", "invalid character '2' after array element"],
    ["-x", "invalid character 'x' in numeric literal"],
    ["1.x", "invalid character 'x' after decimal point in numeric literal"],
    ["1ex", "invalid character 'x' in exponent of numeric literal"],
    ['"\\q"', "invalid character 'q' in string escape code"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["?", "invalid character '?' looking for beginning of value"],
  ];
  for (const [text, why] of cases) {
    it(`says of ${JSON.stringify(text)}: ${why}`, () => {
      equal(describeJsonError(text), why);
    });
  }
});
