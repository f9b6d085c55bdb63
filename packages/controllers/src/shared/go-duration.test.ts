import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseGoDuration } from "./go-duration.ts";

describe("parseGoDuration()", () => {
  it("reads every unit, and sums of them", () => {
    const texts = ["10s", "1m30s", "500ms", "1.5h", "2us"];
    deepEqual(texts.map(parseGoDuration), [10_000, 90_000, 500, 5_400_000, 0.002]);
  });

  it("knows no number without a unit, and no other text", () => {
    deepEqual(["10", "", "s", "1 s", undefined].map(parseGoDuration), [
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
