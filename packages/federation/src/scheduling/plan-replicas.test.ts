import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { TopologyPreference } from "../api/replica-scheduling-preference.ts";
import { fnv1Hash } from "./fnv1.ts";
import { planReplicas, type ReplicaPlan } from "./plan-replicas.ts";

type Counts = Readonly<Record<string, number>>;

interface Vector {
  readonly title: string;
  readonly preferences: Readonly<Record<string, TopologyPreference>>;
  readonly total: number;
  readonly candidates: string;
  readonly current?: Counts;
  readonly capacity?: Counts;
  readonly rebalance?: true;
  /** In the order of the candidates. */
  readonly plan: readonly number[];
  readonly overflow?: Counts;
}

const even = { "*": { weight: 1 } };
const many = {
  A: { weight: 10_000, maxReplicas: 10 },
  B: { weight: 1 },
  C: { weight: 1, maxReplicas: 21 },
  D: { weight: 1, maxReplicas: 10 },
};

// reference/kubefed.md §2.16, row by row.
const vectors: readonly Vector[] = [
  { title: "even", preferences: even, total: 50, candidates: "ABC", plan: [16, 17, 17] },
  { title: "one of two", preferences: even, total: 1, candidates: "AB", plan: [0, 1] },
  { title: "one of four", preferences: even, total: 1, candidates: "ABCD", plan: [0, 0, 0, 1] },
  {
    title: "what runs counts against a share",
    preferences: even,
    total: 50,
    candidates: "ABC",
    current: { C: 30 },
    plan: [10, 10, 30],
  },
  {
    title: "what runs stays",
    preferences: even,
    total: 15,
    candidates: "AB",
    current: { A: 7, B: 8 },
    plan: [7, 8],
  },
  {
    title: "what runs may take all",
    preferences: even,
    total: 50,
    candidates: "AB",
    current: { A: 10, B: 70 },
    plan: [0, 50],
  },
  {
    title: "what runs keeps the last one",
    preferences: even,
    total: 1,
    candidates: "AB",
    current: { A: 30 },
    plan: [1, 0],
  },
  {
    title: "beyond capacity",
    preferences: even,
    total: 50,
    candidates: "ABC",
    capacity: { C: 10 },
    rebalance: true,
    plan: [20, 20, 10],
    overflow: { C: 7 },
  },
  {
    title: "capacity of the heaviest",
    preferences: { A: { weight: 10_000 }, B: { weight: 1 } },
    total: 50,
    candidates: "BC",
    capacity: { B: 10 },
    rebalance: true,
    plan: [10, 0],
    overflow: { B: 40 },
  },
  {
    title: "overflow is kept when moving",
    preferences: { A: { weight: 1 }, B: { weight: 2 } },
    total: 60,
    candidates: "ABC",
    capacity: { B: 10 },
    rebalance: true,
    plan: [50, 10, 0],
    overflow: { B: 30 },
  },
  {
    title: "no room anywhere",
    preferences: { A: { weight: 1 }, B: { weight: 1 } },
    total: 60,
    candidates: "ABC",
    capacity: { A: 10, B: 10 },
    plan: [10, 10, 0],
    overflow: { A: 20, B: 20 },
  },
  {
    title: "overflow is trimmed when keeping",
    preferences: { A: { weight: 1 }, B: { weight: 5 } },
    total: 60,
    candidates: "ABC",
    capacity: { B: 10 },
    plan: [50, 10, 0],
  },
  {
    title: "minimums within capacity",
    preferences: { "*": { minReplicas: 20, weight: 0 } },
    total: 50,
    candidates: "ABC",
    capacity: { B: 10 },
    plan: [20, 10, 20],
  },
  {
    title: "minimums and weights within capacity",
    preferences: { "*": { minReplicas: 20, weight: 1 } },
    total: 60,
    candidates: "AB",
    capacity: { B: 10 },
    rebalance: true,
    plan: [50, 10],
    overflow: { B: 15 },
  },
  {
    title: "minimums without enough",
    preferences: { "*": { minReplicas: 20, weight: 0 } },
    total: 50,
    candidates: "ABC",
    plan: [10, 20, 20],
  },
  {
    title: "the heavier one's minimum first",
    preferences: { "*": { minReplicas: 20, weight: 0 }, A: { minReplicas: 100, weight: 1 } },
    total: 50,
    candidates: "ABC",
    plan: [50, 0, 0],
  },
  {
    title: "maximums leave some over",
    preferences: { "*": { minReplicas: 10, weight: 1, maxReplicas: 12 } },
    total: 50,
    candidates: "ABC",
    plan: [12, 12, 12],
  },
  {
    title: "not listed gets none",
    preferences: { A: { weight: 10_000 }, B: { weight: 1 } },
    total: 50,
    candidates: "ABC",
    plan: [50, 0, 0],
  },
  {
    title: "maximums of some",
    preferences: many,
    total: 71,
    candidates: "ABCD",
    plan: [10, 30, 21, 10],
  },
  {
    title: "maximums of most",
    preferences: { ...many, E: { weight: 1 } },
    total: 91,
    candidates: "ABCDE",
    plan: [10, 25, 21, 10, 25],
  },
];

const run = (vector: Omit<Vector, "title" | "plan">): ReplicaPlan =>
  planReplicas({
    key: "",
    totalReplicas: vector.total,
    running: vector.rebalance ? "move" : "keep",
    preferences: vector.preferences,
    candidates: Array.from(vector.candidates),
    current: new Map(Object.entries(vector.current ?? {})),
    capacity: new Map(Object.entries(vector.capacity ?? {})),
  });

describe("fnv1Hash()", () => {
  it("is Go's fnv.New32", () => {
    deepEqual(Array.from("ABCD", fnv1Hash), [84696414, 84696413, 84696412, 84696411]);
  });
});

describe("planReplicas()", () => {
  for (const vector of vectors) {
    const mode = vector.rebalance ? ", moving" : "";
    it(`spreads ${vector.total} over ${vector.candidates}: ${vector.title}${mode}`, () => {
      const { plan, overflow } = run(vector);
      deepEqual(
        Array.from(vector.candidates, (name) => plan.get(name)),
        vector.plan,
      );
      deepEqual(Object.fromEntries(overflow), vector.overflow ?? {});
    });
  }

  it("breaks ties by the object, too", () => {
    const single = (key: string): readonly (number | undefined)[] => {
      const maps = { current: new Map<string, number>(), capacity: new Map<string, number>() };
      const candidates = ["a", "b", "c"];
      const rest = { running: "keep", preferences: even, candidates, ...maps } as const;
      const { plan } = planReplicas({ key, totalReplicas: 1, ...rest });
      return candidates.map((name) => plan.get(name));
    };
    const winners = new Set(Array.from({ length: 50 }, (_, at) => single(`ns/${at}`).join()));
    ok(winners.size > 1);
  });

  const counts = fc.dictionary(fc.constantFrom("A", "B", "C", "D"), fc.nat(60));
  const preference = fc
    .record({ min: fc.nat(20), spare: fc.option(fc.nat(40)), weight: fc.nat(5) })
    .map(({ min, spare, weight }) => ({
      minReplicas: min,
      weight,
      ...(spare === null ? {} : { maxReplicas: min + spare }),
    }));

  it("keeps total, maximum and capacity, and wastes nothing that fits", () => {
    const view = fc.record({
      total: fc.nat(200),
      preferences: fc.dictionary(fc.constantFrom("A", "B", "C", "D", "*"), preference),
      current: counts,
      capacity: counts,
      rebalance: fc.boolean(),
    });
    fc.assert(
      fc.property(view, ({ rebalance, ...rest }) => {
        const vector = {
          ...rest,
          candidates: "ABCD",
          ...(rebalance ? { rebalance: true as const } : {}),
        };
        const { plan, overflow } = run(vector);
        const sum = Array.from(plan.values()).reduce((a, b) => a + b, 0);
        ok(sum <= rest.total, "more than there are");
        let hasRoom = false;
        for (const name of "ABCD") {
          const own = rest.preferences[name] ?? rest.preferences["*"];
          const given = plan.get(name) ?? 0;
          const limit = Math.min(own?.maxReplicas ?? Infinity, rest.capacity[name] ?? Infinity);
          ok(given >= 0 && given <= (own ? limit : 0), `${name} beyond its limit`);
          // Where all minimums can be met, each is.
          const wanted = Math.min(own?.minReplicas ?? 0, limit);
          if (rest.total >= 80) ok(given >= wanted, `${name} below its minimum`);
          if ((own?.weight ?? 0) > 0 && given < limit) hasRoom = true;
          ok((overflow.get(name) ?? 0) >= 0);
        }
        if (hasRoom) equal(sum, rest.total, "some were left over though there was room");
      }),
    );
  });

  it("moves nothing that runs where all of it fits", () => {
    fc.assert(
      fc.property(counts, fc.nat(20), (current, more) => {
        const running = Object.values(current).reduce((a, b) => a + b, 0);
        const total = running + more;
        const { plan } = run({ preferences: even, total, candidates: "ABCD", current });
        for (const [name, count] of Object.entries(current)) ok((plan.get(name) ?? 0) >= count);
      }),
    );
  });
});
