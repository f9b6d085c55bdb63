import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { createElection, type Election, LeaseLostError } from "./election.ts";
import type { LeaderLock, LockState } from "./leader-lock.ts";
import type { LeaderRecord } from "./leader-record.ts";
import { settle, VirtualClock } from "./virtual-clock.suite.ts";

const timings = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 5000 };

/** One place in memory, with a revision as an API object has it. */
class MemoryLock implements LeaderLock {
  readonly place = "memory";
  record: LeaderRecord | undefined;
  #revision = 0;

  async read(): Promise<LockState> {
    const metadata = { resourceVersion: `${this.#revision}` };
    return { record: this.record, object: this.record && { metadata } };
  }

  async write(record: LeaderRecord, over: LockState): Promise<"written" | "lost"> {
    const expected = over.object?.metadata.resourceVersion ?? "0";
    if (expected !== `${this.#revision}`) return "lost";
    this.record = record;
    this.#revision++;
    return "written";
  }
}

interface Candidate {
  readonly election: Election;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** Aborts when it should write no more; absent until it leads. */
  leading: AbortSignal | undefined;
  /** Freezes all of its requests, as a cut network does. */
  isCutOff: boolean;
  readonly waitedFor: string[];
}

function start(
  lock: LeaderLock,
  clock: VirtualClock,
  identity: string,
  nowMs: () => number = clock.nowMs,
): Candidate {
  const stop = new AbortController();
  const reach = async <T>(what: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    if (!candidate.isCutOff) return what();
    const cut = Promise.withResolvers<T>();
    signal.addEventListener("abort", () => cut.reject(new Error("aborted")));
    return cut.promise;
  };
  const waitedFor: string[] = [];
  const election = createElection({
    lock: {
      place: lock.place,
      read: (signal) => reach(() => lock.read(signal), signal),
      write: (record, over, signal) => reach(() => lock.write(record, over, signal), signal),
    },
    identity,
    timings: () => timings,
    monotonicMs: clock.nowMs,
    nowMs,
    delay: clock.delay,
    onWaiting: (holder) => waitedFor.push(holder),
    onError: () => undefined,
  });
  const lead = (signal: AbortSignal): Promise<void> => {
    candidate.leading = signal;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  };
  const candidate: Candidate = {
    election,
    stop,
    waitedFor,
    isCutOff: false,
    leading: undefined,
    ended: Promise.resolve().then(() => election.run(lead, stop.signal)),
  };
  candidate.ended.catch(() => undefined);
  return candidate;
}

/** Ends a candidate as SIGKILL does: it says and does nothing any more. */
function kill(candidate: Candidate): void {
  candidate.isCutOff = true;
  candidate.stop.abort();
}

describe("createElection()", () => {
  it("lets one of two candidates lead, and the other wait as long as it renews", async () => {
    const clock = new VirtualClock();
    const lock = new MemoryLock();
    const first = start(lock, clock, "a");
    await clock.advance(0);
    const second = start(lock, clock, "b");
    await clock.advance(120_000);
    ok(first.election.isLeading());
    equal(second.leading, undefined);
    deepEqual(second.waitedFor, ["a"]);
    equal(lock.record?.leaderTransitions, 0);
    first.stop.abort();
    second.stop.abort();
    await Promise.all([first.ended, second.ended]);
  });

  it("takes over from a leader that was killed, a lease after its last renewal", async () => {
    const clock = new VirtualClock();
    const lock = new MemoryLock();
    const first = start(lock, clock, "a");
    await clock.advance(0);
    const second = start(lock, clock, "b");
    await clock.advance(20_000);
    kill(first);
    await clock.advance(14_000);
    equal(second.leading, undefined);
    await clock.advance(6000);
    ok(second.election.isLeading());
    equal(lock.record?.holderIdentity, "b");
    equal(lock.record?.leaderTransitions, 1);
    second.stop.abort();
    await second.ended;
  });

  it("stops leading before another may begin, where the lock cannot be reached", async () => {
    const clock = new VirtualClock();
    const lock = new MemoryLock();
    const first = start(lock, clock, "a");
    await clock.advance(0);
    const second = start(lock, clock, "b");
    await clock.advance(10_000);
    first.isCutOff = true;
    await clock.advance(9999);
    ok(first.election.isLeading());
    await clock.advance(1);
    equal(first.election.isLeading(), false);
    await rejects(first.ended, LeaseLostError);
    ok(first.leading?.aborted);
    equal(second.leading, undefined);
    await clock.advance(10_000);
    ok(second.election.isLeading());
    second.stop.abort();
    await second.ended;
  });

  it("is not misled by a clock that is wrong or moved", async () => {
    const clock = new VirtualClock();
    const lock = new MemoryLock();
    const hourMs = 3_600_000;
    let movedMs = 0;
    const first = start(lock, clock, "a", () => 100 * hourMs + clock.nowMs() + movedMs);
    await clock.advance(0);
    const second = start(lock, clock, "b", () => 7 * hourMs + clock.nowMs());
    await clock.advance(30_000);
    movedMs = -50 * hourMs;
    await clock.advance(30_000);
    movedMs = 50 * hourMs;
    await clock.advance(30_000);
    ok(first.election.isLeading());
    equal(second.leading, undefined);
    first.stop.abort();
    second.stop.abort();
    await Promise.all([first.ended, second.ended]);
  });

  it("lets go when it is stopped, so that the next one need not wait for the lease", async () => {
    const clock = new VirtualClock();
    const lock = new MemoryLock();
    const first = start(lock, clock, "a");
    await clock.advance(0);
    const second = start(lock, clock, "b");
    await clock.advance(1000);
    first.stop.abort();
    await first.ended;
    equal(lock.record?.holderIdentity, "");
    await clock.advance(5000);
    ok(second.election.isLeading());
    second.stop.abort();
    await second.ended;
  });

  it("does not wait where its own name holds the lock, as after a crash", async () => {
    const clock = new VirtualClock();
    const lock = new MemoryLock();
    const first = start(lock, clock, "a");
    await clock.advance(0);
    kill(first);
    const again = start(lock, clock, "a");
    await settle();
    ok(again.election.isLeading());
    again.stop.abort();
    await again.ended;
  });

  it("stops at once where somebody else took the lock by force", async () => {
    const clock = new VirtualClock();
    const lock = new MemoryLock();
    const first = start(lock, clock, "a");
    await clock.advance(0);
    const state = await lock.read();
    ok(lock.record);
    await lock.write({ ...lock.record, holderIdentity: "kubefed" }, state);
    await clock.advance(5000);
    await rejects(first.ended, { message: '"memory" has another holder' });
    ok(first.leading?.aborted);
  });
});
