import { equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { Rule } from "./check/violation.ts";
import type { PlantedBug } from "./planted/planted-bug.ts";
import { checkedRun } from "./run/checked-run.suite.ts";

/** What each fault is found by; a write that was lost shows in several ways. */
const found: Readonly<Record<PlantedBug, readonly Rule[]>> = {
  "lost write": ["revision used twice", "acknowledged write lost"],
  "stale read": ["real-time order"],
  "swapped changes": ["watch: Ordered"],
  "revision used twice": ["revision used twice"],
  "dropped event": ["watch: Reliable", "watch: Atomic"],
  "repeated event": ["watch: Unique"],
  "wrong previous value": ["watch: previous value"],
  "early progress": ["watch: Bookmarkable"],
  phantom: ["acknowledged write lost", "phantom"],
  "wrong historic read": ["historic read"],
  "torn transaction": ["answer differs from the log"],
  "refused, yet written": ["surely not written, yet there"],
  "split revision": ["watch: Atomic"],
  "unwanted event": ["watch: filter"],
  "early compaction": ["compaction"],
};

/** Where nobody could see the fault, as nothing came between or nobody read, another run shows it. */
const maxRuns = 4;

const behindFacade = {
  store: "facade:memory",
  operations: 700,
  clients: 16,
  processes: 1,
} as const;

describe("the history checker finds, through the whole harness,", () => {
  for (const [bug, rules] of Object.entries(found) as [PlantedBug, readonly Rule[]][]) {
    it(`a store with this fault: ${bug}`, async () => {
      const options = { store: "memory", operations: 700, clients: 16, faults: [] } as const;
      const accounts: string[] = [];
      for (let found = false; !found;) {
        const { verdict, account } = await checkedRun({ ...options, bug });
        accounts.push(account);
        found = verdict.violations.some(({ rule }) => rules.includes(rule));
        ok(found || accounts.length < maxRuns, accounts.join("\n"));
      }
    });
  }

  it("a fault behind etcd's API, in another process than the clients", async () => {
    const options = { ...behindFacade, faults: [] };
    const { verdict, account } = await checkedRun({ ...options, bug: "refused, yet written" });
    ok(
      verdict.violations.some(({ rule }) => rule === "surely not written, yet there"),
      account,
    );
  });

  it("nothing in the same run without a fault", async () => {
    const options = { ...behindFacade, faults: [] };
    const { verdict, account } = await checkedRun(options);
    equal(verdict.count, 0, account);
  });
});
