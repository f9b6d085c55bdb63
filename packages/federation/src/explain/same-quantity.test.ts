import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonValue } from "@cellplane/apimachinery";
import { isSameQuantity } from "./same-quantity.ts";

describe("isSameQuantity()", () => {
  it("knows a quantity however it is written", () => {
    const same: readonly (readonly [JsonValue, JsonValue])[] = [
      ["1000m", "1"],
      ["0.5", "500m"],
      ["1Gi", "1024Mi"],
      ["1e3", "1k"],
      [2, "2"],
      ["-.5", "-500m"],
    ];
    for (const [left, right] of same)
      equal(isSameQuantity(left, right), true, JSON.stringify([left, right]));
  });

  it("tells others, and what is no quantity, apart", () => {
    const other: readonly (readonly [JsonValue, JsonValue])[] = [
      ["1", "1m"],
      ["1G", "1Gi"],
      ["one", "one"],
      ["", ""],
      [".", "."],
      [null, null],
      ["1E", "1e"],
    ];
    for (const [left, right] of other)
      equal(isSameQuantity(left, right), false, JSON.stringify([left, right]));
  });
});
