import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemberLimiter } from "./member-limiter.ts";

const overload = { kind: "overload", cause: "429" } as const;

function limiter(qps: number, burst: number) {
  const clock = { nowMs: 0 };
  const causes: string[] = [];
  const made = new MemberLimiter({
    limits: () => ({ qps, burst }),
    nowMs: () => clock.nowMs,
    onBackoff: (cause) => causes.push(cause),
  });
  return { limiter: made, clock, causes };
}

describe("MemberLimiter", () => {
  it("lets a burst through, then as many a second as configured", () => {
    const { limiter: own, clock } = limiter(10, 3);
    const take = () => Math.round(own.reserve());
    deepEqual([take(), take(), take(), take(), take()], [0, 0, 0, 100, 200]);
    clock.nowMs = 10_000;
    deepEqual([take(), take(), take(), take()], [0, 0, 0, 100]);
  });

  it("gives whoever must not wait a turn to come back for", () => {
    const { limiter: own, clock } = limiter(10, 1);
    const ask = (ticket: string) => Math.round(own.ask(ticket));
    deepEqual([ask("a"), ask("b"), ask("c")], [0, 100, 200]);
    clock.nowMs = 60;
    // Asking again takes no second turn.
    deepEqual([ask("b"), ask("c"), ask("d")], [40, 140, 240]);
    clock.nowMs = 101;
    equal(ask("b"), 0);
  });

  it("halves what a member gets that has enough, and gives it back slowly", () => {
    const { limiter: own, clock, causes } = limiter(100, 100);
    for (let index = 0; index < 80; index++) own.note({ kind: "fine" });
    own.note(overload);
    own.note(overload);
    equal(own.allowedPerSecond, 40.5);
    clock.nowMs = 1000;
    own.note(overload);
    ok(own.allowedPerSecond < 41 && own.allowedPerSecond > 25, String(own.allowedPerSecond));
    deepEqual(causes, ["429", "429"]);
    equal(own.slowedSinceMs, 0);
    clock.nowMs = 3000;
    ok(own.allowedPerSecond < 100);
    clock.nowMs = 30_000;
    equal(own.allowedPerSecond, 100);
    equal(own.slowedSinceMs, undefined);
  });

  it("sends nothing before the time that a member names", () => {
    const { limiter: own, clock } = limiter(100, 100);
    own.note({ ...overload, retryAfterMs: 5000 });
    equal(own.reserve(), 5000);
    equal(own.ask("a") >= 5000, true);
    clock.nowMs = 4000;
    ok(own.ask("b") >= 1000);
  });

  it("takes a few errors among many successes for no overload", () => {
    const { limiter: own } = limiter(100, 100);
    for (let index = 0; index < 10; index++) own.note({ kind: "fine" });
    own.note({ kind: "overload", cause: "5xx" });
    equal(own.allowedPerSecond, 100);
    for (let index = 0; index < 10; index++) own.note({ kind: "overload", cause: "5xx" });
    ok(own.allowedPerSecond < 50);
  });
});
