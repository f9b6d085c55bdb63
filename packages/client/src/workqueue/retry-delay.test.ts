import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { retryDelayMs } from "./retry-delay.ts";

describe("retryDelayMs()", () => {
  it("doubles its ceiling from 250 ms to 30 s", () => {
    const ceilings = [0, 1, 2, 3, 6, 7, 50].map((attempt) => retryDelayMs(attempt, 1));
    deepEqual(ceilings, [250, 500, 1000, 2000, 16_000, 30_000, 30_000]);
  });

  it("never waits less than half of the ceiling", () => {
    equal(retryDelayMs(3, 0), 1000);
  });

  it("refuses an attempt below 0", () => {
    throws(() => retryDelayMs(-1, 0.5), RangeError);
  });
});
