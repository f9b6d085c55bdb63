import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { readWarnings } from "./patch-object.ts";

describe("readWarnings()", () => {
  it("reads each text of a header, with what is escaped in it", () => {
    deepEqual(readWarnings('299 - "one, with a \\"quote\\"", 299 cellplane "two"'), [
      'one, with a "quote"',
      "two",
    ]);
    deepEqual(readWarnings(""), []);
  });
});
