import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeLock, readLockRecord } from "./kubefed-lock.ts";

const at = Date.parse("2026-01-01T00:00:00Z");
const record = { holder: "kubefed-controller-manager-7d_1", leaseMs: 15_000, renewedAtMs: at };

describe("readLockRecord()", () => {
  const lock = (text: string) => ({
    metadata: { annotations: { "control-plane.alpha.kubernetes.io/leader": text } },
  });

  it("reads client-go's record from the annotation", () => {
    const text = JSON.stringify({
      holderIdentity: record.holder,
      leaseDurationSeconds: 15,
      acquireTime: "2025-12-01T00:00:00Z",
      renewTime: "2026-01-01T00:00:00Z",
      leaderTransitions: 3,
    });
    deepEqual(readLockRecord(lock(text)), record);
  });

  it("takes no annotation, and one that is no record, for no lock", () => {
    equal(readLockRecord({ metadata: {} }), undefined);
    equal(readLockRecord(lock("{")), undefined);
    equal(readLockRecord(lock("7")), undefined);
  });
});

describe("judgeLock()", () => {
  it("finds the holder running while its lease lasts, also by a clock that is ahead", () => {
    equal(judgeLock(record, at), "running");
    equal(judgeLock(record, at + 14_999), "running");
    equal(judgeLock(record, at - 60_000), "running");
  });

  it("is unsure until clocks can be no excuse any more", () => {
    equal(judgeLock(record, at + 15_000), "unsure");
    equal(judgeLock(record, at + 120_000), "unsure");
    equal(judgeLock(record, at + 120_001), "free");
  });

  it("finds a lock free that was released, or never taken", () => {
    equal(judgeLock({ ...record, holder: "" }, at), "free");
    equal(judgeLock(undefined, at), "free");
  });
});
