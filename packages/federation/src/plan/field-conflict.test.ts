import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { conflictOf, noteRepair, type RepairHistory } from "./field-conflict.ts";

function repaired(everyMs: number, times: number, hash = "h"): RepairHistory | undefined {
  let history: RepairHistory | undefined;
  for (let at = 0; at < times; at += 1) {
    history = noteRepair(history, { hash, field: "/spec/replicas", nowMs: at * everyMs });
  }
  return history;
}

describe("conflictOf()", () => {
  it("is one after five repairs within a minute, and names the field", () => {
    equal(conflictOf(undefined, 0), undefined);
    equal(conflictOf(repaired(1000, 4), 4000), undefined);
    deepEqual(conflictOf(repaired(1000, 5), 4000), { hash: "h", field: "/spec/replicas" });
  });

  it("is none where repairs are rare", () => {
    equal(conflictOf(repaired(20_000, 9), 170_000), undefined);
  });

  it("is forgotten with another rendering, and after a rest", () => {
    const history = repaired(1000, 5);
    const next = noteRepair(history, { hash: "other", field: "/x", nowMs: 5000 });
    equal(conflictOf(next, 5000), undefined);
    equal(conflictOf(history, 304_001), undefined);
    const again = noteRepair(history, { hash: "h", field: "/x", nowMs: 304_001 });
    equal(again.timesMs.length, 1);
  });
});
