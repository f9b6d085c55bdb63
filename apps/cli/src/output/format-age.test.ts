import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAge } from "./format-age.ts";

describe("formatAge()", () => {
  it("tells ages as kubectl does, ever more coarsely", () => {
    const seconds = [0, 119, 120, 190, 600, 10_800, 29_000, 100_000, 200_000];
    const ages = seconds.map((each) => formatAge("1970-01-01T00:00:00Z", each * 1000));
    deepEqual(ages, ["0s", "119s", "2m", "3m10s", "10m", "3h", "8h", "27h", "2d"]);
  });

  it("knows no age of what has no time, and none before now", () => {
    equal(formatAge(undefined, 0), "<unknown>");
    equal(formatAge("1970-01-01T00:00:09Z", 0), "0s");
  });
});
