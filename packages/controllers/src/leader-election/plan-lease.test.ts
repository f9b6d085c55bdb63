import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseLeaderRecord } from "./leader-record.ts";
import { planLease, releasedRecord } from "./plan-lease.ts";

const held = {
  holderIdentity: "a",
  leaseDurationSeconds: 15,
  acquireTime: "2026-01-01T00:00:00Z",
  renewTime: "2026-01-01T00:01:00Z",
  leaderTransitions: 3,
};
const view = {
  identity: "b",
  record: held,
  observedAtMs: 1000,
  nowMs: 1000,
  wallTime: "2026-01-02T00:00:00Z",
  leaseDurationMs: 7500,
};

describe("planLease()", () => {
  it("waits for the duration that the holder wrote, counted from when it was last seen to change", () => {
    deepEqual(planLease({ ...view, nowMs: 15_999 }), {
      kind: "wait",
      holder: "a",
      untilMs: 16_000,
    });
    const taken = planLease({ ...view, nowMs: 16_000 });
    deepEqual(taken, {
      kind: "take",
      record: {
        holderIdentity: "b",
        leaseDurationSeconds: 8,
        acquireTime: view.wallTime,
        renewTime: view.wallTime,
        leaderTransitions: 4,
      },
    });
  });

  it("keeps the time of acquisition where it renews", () => {
    const plan = planLease({ ...view, identity: "a" });
    equal(plan.kind, "renew");
    equal(plan.kind === "renew" && plan.record.acquireTime, held.acquireTime);
    equal(plan.kind === "renew" && plan.record.leaderTransitions, 3);
  });

  it("takes what nobody holds or what was let go", () => {
    equal(planLease({ ...view, record: undefined }).kind, "take");
    equal(planLease({ ...view, record: releasedRecord(held, view.wallTime) }).kind, "take");
  });
});

describe("parseLeaderRecord()", () => {
  it("reads what client-go wrote, and takes anything malformed for no record", () => {
    deepEqual(parseLeaderRecord(JSON.stringify(held)), held);
    equal(parseLeaderRecord("{"), undefined);
    equal(parseLeaderRecord("[]"), undefined);
    equal(parseLeaderRecord("{}")?.holderIdentity, "");
  });
});
