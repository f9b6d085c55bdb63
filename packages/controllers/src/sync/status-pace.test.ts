import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { StatusPace } from "./status-pace.ts";

describe("StatusPace", () => {
  it("tells a few changes at once, and then one every tenth of a second", () => {
    let now = 1000;
    const pace = new StatusPace(() => now);
    const told = new Set<number>();
    for (; now < 2000; now += 10) told.add(now + pace.delayFor("a"));
    deepEqual(Array.from(told).slice(0, 5), [1000, 1010, 1020, 1100, 1200]);
    equal(told.size, 13);
  });

  it("tells at once what comes after a rest, and keeps objects apart", () => {
    let now = 0;
    const pace = new StatusPace(() => now);
    for (let i = 0; i < 10; i += 1) pace.delayFor("a");
    equal(pace.delayFor("b"), 0);
    now = 1000;
    equal(pace.delayFor("a"), 0);
  });
});
