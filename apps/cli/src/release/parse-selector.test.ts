import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { formatSelector } from "@cellplane/federation";
import { parseSelector } from "./parse-selector.ts";

describe("parseSelector()", () => {
  it("reads what kubectl -l takes", () => {
    deepEqual(parseSelector("unit=rz00,zone!=hz-2,tier in (a,b),canary,!old"), {
      matchLabels: { unit: "rz00" },
      matchExpressions: [
        { key: "canary", operator: "Exists" },
        { key: "old", operator: "DoesNotExist" },
        { key: "tier", operator: "In", values: ["a", "b"] },
        { key: "zone", operator: "NotIn", values: ["hz-2"] },
      ],
    });
  });

  it("keeps both of two values of one key, which then match nothing", () => {
    deepEqual(parseSelector("unit=a,unit=b"), {
      matchLabels: { unit: "a" },
      matchExpressions: [{ key: "unit", operator: "In", values: ["b"] }],
    });
  });

  it("is undone by formatSelector()", () => {
    const text = "unit=rz00,canary,!old,zone notin (hz-2)";
    deepEqual(formatSelector(parseSelector(text)), text);
  });

  it("refuses what is no selector, and comparisons of numbers", () => {
    throws(() => parseSelector("unit=(a"), /Cannot select as the selector must be one of labels/);
    throws(() => parseSelector("size>3"), /may not compare numbers/);
  });
});
