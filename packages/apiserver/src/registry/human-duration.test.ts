import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAge, formatHumanDuration } from "./human-duration.ts";

describe("formatHumanDuration()", () => {
  it("prints two units at most", () => {
    const hour = 3600;
    const day = 24 * hour;
    const cases = [
      [-5, "<invalid>"],
      [-1, "0s"],
      [119, "119s"],
      [120, "2m"],
      [125, "2m5s"],
      [605, "10m"],
      [179 * 60, "179m"],
      [3 * hour, "3h"],
      [3 * hour + 60, "3h1m"],
      [9 * hour, "9h"],
      [2 * day, "2d"],
      [2 * day + hour, "2d1h"],
      [9 * day, "9d"],
      [731 * day, "2y1d"],
      [365 * 9 * day, "9y"],
    ] as const;
    deepEqual(
      cases.map(([seconds]) => formatHumanDuration(seconds * 1000)),
      cases.map(([, text]) => text),
    );
  });
});

describe("formatAge()", () => {
  it("says so where there is no time or no good one", () => {
    deepEqual(
      [undefined, "nope", "2024-01-01T00:00:00Z"].map((time) =>
        formatAge(time, Date.parse("2024-01-01T00:00:07Z")),
      ),
      ["<unknown>", "<invalid>", "7s"],
    );
  });
});
