import { equal, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemberBusyError, WriteGate } from "./write-gate.ts";

describe("WriteGate", () => {
  it("holds up four writes to a member that hangs, and refuses more at once", async () => {
    let nowMs = 0;
    const gate = new WriteGate(() => nowMs);
    const answer = Promise.withResolvers<string>();
    const waiting = [1, 2, 3, 4].map(() => gate.run(() => answer.promise));
    // Not slow yet: a burst is no reason to refuse.
    const burst = gate.run(async () => "through");
    equal(await burst, "through");
    nowMs = 2001;
    await rejects(
      gate.run(async () => "never"),
      MemberBusyError,
    );
    answer.resolve("at last");
    equal((await Promise.all(waiting)).length, 4);
    equal(await gate.run(async () => "again"), "again");
  });

  it("goes on after a write that failed", async () => {
    const gate = new WriteGate(() => 0);
    await rejects(gate.run(() => Promise.reject(new Error("refused"))));
    equal(await gate.run(async () => 1), 1);
  });
});
