import { deepEqual, match } from "node:assert/strict";
import { describe, it } from "node:test";
import { checkHistory, type LoadHistory } from "./check-history.ts";
import { type Attempt, Ledger } from "./ledger.ts";
import type { Segment } from "./watcher.ts";

type Change = Partial<Omit<LoadHistory, "ledger">> & { readonly more?: readonly Attempt[] };

const attempt = (fields: Partial<Attempt> & Pick<Attempt, "key" | "write">): Attempt => ({
  kind: "put",
  outcome: "acknowledged",
  startedMs: 0,
  endedMs: 1,
  ...fields,
});
const puts = [
  attempt({ key: "a", write: "w1", revision: 11, startedMs: 0, endedMs: 1 }),
  attempt({ key: "b", write: "w2", revision: 12, startedMs: 2, endedMs: 3 }),
  attempt({ key: "a", write: "w3", revision: 13, startedMs: 4, endedMs: 5 }),
  attempt({ key: "b", write: "w4", kind: "delete", startedMs: 6, endedMs: 7 }),
];
const seen = (key: string, write: string, revision: number): Segment["events"][number] => ({
  key,
  write,
  revision,
  isDelete: false,
});
const segment: Segment = {
  from: 10,
  to: 14,
  events: [
    seen("a", "w1", 11),
    seen("b", "w2", 12),
    seen("a", "w3", 13),
    { ...seen("b", "w2", 14), isDelete: true },
  ],
};
const a3 = { name: "a", write: "w3", revision: 13 };
const final = { revision: 14, items: [a3] };
const belief = new Map([["a", { write: "w3", revision: 13 }]]);

/** The faults of a run that went well but for a change. */
function faultsWith({ more = [], ...change }: Change): readonly string[] {
  const ledger = new Ledger();
  for (const each of [...puts, ...more]) ledger.note(each);
  const snapshots = [final];
  return checkHistory({
    ledger,
    segments: [segment],
    snapshots,
    final,
    beliefs: [belief],
    ...change,
  });
}

const without = (revision: number): Segment => ({
  ...segment,
  events: segment.events.filter((event) => event.revision !== revision),
});

describe("checkHistory()", () => {
  it("finds nothing wrong where all went well", () => {
    deepEqual(faultsWith({}), []);
  });

  it("takes a write whose outcome is unknown for written, or not", () => {
    const more = [attempt({ key: "a", write: "w5", outcome: "unknown", startedMs: 8, endedMs: 9 })];
    deepEqual(faultsWith({ more }), []);
    const events = [...segment.events, seen("a", "w5", 15)];
    const items = [{ name: "a", write: "w5", revision: 15 }];
    const beliefs = [new Map([["a", { write: "w5", revision: 15 }]])];
    const written = { segments: [{ ...segment, to: 15, events }], final: { revision: 15, items } };
    deepEqual(faultsWith({ more, ...written, beliefs }), []);
  });

  const planted: readonly (readonly [string, Change, RegExp])[] = [
    [
      "an acknowledged write that is lost",
      { final: { revision: 14, items: [] } },
      /a is absent at/,
    ],
    ["an event that a watch missed", { segments: [without(12)] }, /missed revision 12 \(b\)/],
    [
      "a deletion that one watch missed",
      { segments: [segment, without(14)] },
      /missed revision 14/,
    ],
    [
      "a revision that was given twice",
      { more: [attempt({ key: "c", write: "w6", revision: 13, startedMs: 4.5, endedMs: 5 })] },
      /13 was given to two/,
    ],
    [
      "a revision that went backwards",
      { more: [attempt({ key: "c", write: "w6", revision: 9, startedMs: 8, endedMs: 9 })] },
      /though 13 was acknowledged before/,
    ],
    [
      "a stale list",
      { snapshots: [{ revision: 13, items: [{ name: "a", write: "w1", revision: 11 }] }] },
      /list at 13 has a as w1@11, and it is w3@13/,
    ],
    [
      "a write that nobody made",
      { segments: [{ ...segment, to: 15, events: [...segment.events, seen("a", "w9", 15)] }] },
      /a became w9 at 15, which nobody wrote/,
    ],
    [
      "a watch that tells another value",
      { segments: [segment, { ...segment, events: [...without(13).events, seen("a", "w1", 13)] }] },
      /disagree about revision 13/,
    ],
    ["a client that is wrong at the end", { beliefs: [new Map()] }, /is wrong about a/],
  ];
  for (const [what, change, fault] of planted) {
    it(`finds ${what}`, () => match(faultsWith(change).join("\n"), fault));
  }
});
