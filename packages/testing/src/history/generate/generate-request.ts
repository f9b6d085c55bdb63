import type { Random } from "../../model/random.ts";
import type { Request } from "../record/records.ts";
import type { CompareText, OperationText, RangeText } from "../record/text.ts";
import type { ClientView } from "./client-view.ts";
import { pickKey, pickRange } from "./keys.ts";

/** A request, and what it is counted as. */
export interface Generated {
  readonly label: string;
  readonly request: Request;
}

/** What the store under test can do. */
export interface Abilities {
  readonly leases: boolean;
  /** History this near to the head stays. */
  readonly compactLag: number;
}

type Maker = (random: Random, view: ClientView) => Request;

const plainMakers: readonly (readonly [weight: number, label: string, make: Maker])[] = [
  [170, "put", makePut],
  [230, "update", makeUpdate],
  [70, "create", makeCreate],
  [70, "delete", makeDelete],
  [25, "delete range", makeDeleteRange],
  [50, "multi", makeMulti],
  [40, "nested", makeNested],
  [120, "get", (random) => makeRange({ key: pickKey(random) })],
  [70, "list", makeList],
  [25, "count", (random) => makeRange({ ...pickRange(random), countOnly: true })],
  [60, "historic read", makeHistoric],
  [30, "stale read", (random) => makeRange({ ...pickRange(random), limit: 5, serializable: true })],
  [20, "head", () => ({ do: "head" })],
];

const leaseMakers: typeof plainMakers = [
  [4, "grant", makeGrant],
  [12, "put with lease", makeLeasePut],
  [4, "keep alive", (random, { leases }) => ({ do: "keepAlive", lease: random.pick(leases) })],
  [2, "revoke", (random, { leases }) => ({ do: "revoke", lease: random.pick(leases) })],
];

/** The next request of a client: the same for the same randomness and the same answers before. */
export function generateRequest(random: Random, view: ClientView, abilities: Abilities): Generated {
  view.count++;
  if (random.below(400) === 0) {
    const revision = Math.min(view.head - abilities.compactLag, view.collected) - random.below(50);
    if (revision > 0) return { label: "compact", request: { do: "compact", revision } };
  }
  if (abilities.leases && random.below(100) < 3) {
    const [label, make] = choose(
      random,
      view.leases.length > 0 ? leaseMakers : leaseMakers.slice(0, 1),
    );
    return { label, request: make(random, view) };
  }
  const [label, make] = choose(random, plainMakers);
  return { label, request: make(random, view) };
}

function choose(random: Random, makers: typeof plainMakers): readonly [string, Maker] {
  let at = random.below(makers.reduce((sum, [weight]) => sum + weight, 0));
  const found = makers.find(([weight]) => (at -= weight) < 0);
  return found ? [found[1], found[2]] : ["put", makePut];
}

/** Unlike any other value, so that it tells who wrote it. */
function nextValue(view: ClientView, part = 0): string {
  return `${view.client}.${view.count}.${part}`;
}

function txn(
  success: readonly OperationText[],
  compare: readonly CompareText[] = [],
  failure: readonly OperationText[] = [],
): Request {
  return { do: "txn", txn: { compare, success, failure } };
}

function put(random: Random, view: ClientView, key = pickKey(random), part = 0): OperationText {
  const value = nextValue(view, part);
  return { kind: "put", key, value, ...(random.chance(0.3) ? { previous: true } : {}) };
}

function makePut(random: Random, view: ClientView): Request {
  return txn([put(random, view)]);
}

function isAt(key: string, operand: number): CompareText {
  return { key, target: "mod", result: "equal", operand };
}

function makeUpdate(random: Random, view: ClientView): Request {
  const key = pickKey(random);
  const compare = [isAt(key, view.modRevisions.get(key) ?? 0)];
  return txn([put(random, view, key)], compare, [{ kind: "range", key }]);
}

function makeCreate(random: Random, view: ClientView): Request {
  const key = pickKey(random);
  const compare: CompareText = { key, target: "version", result: "equal", operand: 0 };
  return txn([put(random, view, key)], [compare], [{ kind: "range", key }]);
}

function makeDelete(random: Random, view: ClientView): Request {
  const key = pickKey(random);
  const remove: OperationText = {
    kind: "delete",
    key,
    ...(random.chance(0.5) ? { previous: true } : {}),
  };
  if (random.chance(0.5)) return txn([remove]);
  return txn([remove], [isAt(key, view.modRevisions.get(key) ?? 0)], [{ kind: "range", key }]);
}

function makeDeleteRange(random: Random): Request {
  const from = pickKey(random);
  const end = `${from.slice(0, 2)}${Number(from.slice(2)) + 1 + random.below(3)}`;
  return txn([{ kind: "delete", key: from, end, previous: random.chance(0.5) }]);
}

/** Some keys of their own, in one transaction. */
function distinctKeys(random: Random, count: number): readonly string[] {
  const keys = new Set<string>();
  while (keys.size < count) keys.add(pickKey(random));
  return [...keys];
}

function makeMulti(random: Random, view: ClientView): Request {
  const keys = distinctKeys(random, 3 + random.below(2));
  const [first = "", last = "", ...others] = keys;
  const operations: OperationText[] = [
    { kind: "range", ...pickRange(random) },
    ...others.map((key, i) => put(random, view, key, i)),
    { kind: "delete", key: last, previous: true },
    { kind: "range", key: first },
    put(random, view, first, 9),
    { kind: "range", ...pickRange(random), limit: 3 },
  ];
  if (random.chance(0.15))
    operations.push({ kind: "range", ...pickRange(random), revision: back(random, view) });
  const compare: CompareText[] = [{ key: first, target: "version", result: "less", operand: 40 }];
  if (random.chance(0.3)) {
    const { key, end = "" } = pickRange(random);
    compare.push({ key, end, target: "mod", result: "greater", operand: view.head - 500 });
  }
  return txn(operations, compare, [
    { kind: "delete", key: first },
    { kind: "range", key: last },
  ]);
}

function makeNested(random: Random, view: ClientView): Request {
  const [outer = "", one = "", other = ""] = distinctKeys(random, 3);
  const inner: OperationText = {
    kind: "txn",
    compare: [{ key: outer, target: "version", result: "greater", operand: random.below(4) }],
    success: [put(random, view, one, 1), { kind: "range", key: outer }],
    failure: [
      {
        kind: "txn",
        compare: [{ key: other, target: "value", result: "greater", operand: "w" }],
        success: [{ kind: "delete", key: one, previous: true }],
        failure: [put(random, view, other, 2)],
      },
    ],
  };
  const compare: CompareText = { key: outer, target: "create", result: "notEqual", operand: 0 };
  return txn([put(random, view, outer), inner], [compare], [inner]);
}

function makeRange(range: RangeText): Request {
  return { do: "range", range };
}

function makeList(random: Random, view: ClientView): Request {
  const range = pickRange(random);
  const at = random.below(10);
  if (at < 5) return makeRange({ ...range, limit: 1 + random.below(6) });
  if (at < 7) return makeRange({ ...range, keysOnly: true });
  if (at === 7) return makeRange({ ...range, minModRevision: Math.max(1, view.head - 30) });
  if (at === 8) return makeRange({ ...range, maxCreateRevision: view.head, limit: 3 });
  return makeRange(range);
}

/** A revision that was: near, far, at the edge of what is compacted, or to come. */
function back(random: Random, view: ClientView): number {
  const at = random.below(20);
  if (at === 0) return view.head + 1 + random.below(3);
  if (at < 4 && view.compacted > 0) return Math.max(1, view.compacted - 1 + random.below(3));
  const far = at < 12 ? 20 : 600;
  return Math.max(1, view.compacted, view.head - random.below(far));
}

function makeHistoric(random: Random, view: ClientView): Request {
  const revision = back(random, view);
  if (random.chance(0.3)) return makeRange({ key: pickKey(random), revision });
  const range = pickRange(random);
  const limit = random.chance(0.4) ? { limit: 1 + random.below(4) } : {};
  const countOnly = random.chance(0.15) ? { countOnly: true } : {};
  return makeRange({ ...range, revision, ...limit, ...countOnly });
}

function makeGrant(random: Random, view: ClientView): Request {
  // Of the clock's random bits, too: a client of the same name in another run must not meet it.
  const lease = 1 + random.below(2 ** 30) * 4096 + (view.count % 4096);
  return { do: "grant", lease, ttlSeconds: 2 + random.below(3) };
}

function makeLeasePut(random: Random, view: ClientView): Request {
  const lease = random.pick(view.leases);
  const keys = distinctKeys(random, 1 + random.below(2));
  const value = nextValue(view);
  return txn(keys.map((key, i) => ({ kind: "put", key, value: `${value}${i}`, lease })));
}
