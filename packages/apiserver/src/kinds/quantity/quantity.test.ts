import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalQuantity, compareQuantities } from "./quantity.ts";

describe("canonicalQuantity()", () => {
  const cases: readonly (readonly [string | number, string])[] = [
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1024Mi", "1Gi"],
    ["1500m", "1500m"],
    ["1.5Gi", "1536Mi"],
    ["100", "100"],
    [100, "100"],
    ["1000", "1k"],
    ["1e3", "1e3"],
    ["12E6", "12e6"],
    ["0", "0"],
    ["0Gi", "0"],
    ["0.5Ki", "512"],
    ["1.0", "1"],
    ["0.0001", "100u"],
    ["-1.5", "-1500m"],
    ["123456789", "123456789"],
    ["2Gi", "2Gi"],
    ["1025Ki", "1025Ki"],
    ["0.1n", "1n"],
  ];
  for (const [from, to] of cases) {
    it(`writes ${from} as ${to}`, () => equal(canonicalQuantity(from), to));
  }

  it("leaves what is no quantity", () => {
    equal(canonicalQuantity("1.2.3"), "1.2.3");
    equal(canonicalQuantity("Gi"), "Gi");
    equal(canonicalQuantity(true), true);
  });
});

describe("compareQuantities()", () => {
  it("compares amounts, not texts", () => {
    equal(compareQuantities("1", "1000m"), 0);
    equal(compareQuantities("1Gi", "1G"), 1);
    equal(compareQuantities("999m", "1"), -1);
  });
});
