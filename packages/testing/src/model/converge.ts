import { setTimeout as delay } from "node:timers/promises";
import {
  type Expectation,
  expectationOf,
  isContentOf,
  type Passing,
  placeOf,
  sourceOf,
} from "./expectation.ts";
import {
  formatRow,
  type Live,
  type Model,
  type ModelObject,
  type Standing,
} from "./model-state.ts";
import type { Outcome } from "./model-table.ts";
import {
  type Observation,
  observe,
  type ObservedLive,
  type ObservedObject,
} from "./observation.ts";
import type { World } from "./world.ts";

/** Thrown where the world does not come to what the model says. */
export class DivergenceError extends Error {
  override readonly name: string = "DivergenceError";
}

const probeEveryMs = 15;
// By then every watch has told what it has to tell.
const patienceMs = 700;

/** Edits of one object that were not waited for, oldest first; the last state is the model's own. */
export interface Burst {
  readonly key: string;
  readonly passing: readonly Passing[];
}

/**
 * Waits until every member, every row and every ledger is what the model says, and takes over what
 * the model leaves open: numbers of revisions, and which of the edits of a burst were acted upon.
 *
 * @throws {DivergenceError} With every difference, after `withinMs`.
 */
export async function converge(
  world: World,
  model: Model,
  {
    burst,
    withinMs,
    isHopeless = () => false,
  }: {
    readonly burst?: Burst;
    readonly withinMs: number;
    /** Whether there is no use in waiting any longer; asked after a while only. */
    readonly isHopeless?: () => boolean;
  },
): Promise<void> {
  const startedMs = Date.now();
  for (;;) {
    const observation = await observe(world);
    const { differences, accept } = compare(observation, model, burst);
    if (differences.length === 0) {
      accept();
      return;
    }
    const waitedMs = Date.now() - startedMs;
    if (waitedMs > withinMs || (waitedMs > patienceMs && isHopeless())) {
      throw new DivergenceError(
        `after ${waitedMs / 1000} s the world is not what the model says:\n  ${differences.join("\n  ")}`,
      );
    }
    await delay(probeEveryMs);
  }
}

interface Comparison {
  readonly differences: readonly string[];
  /** Makes the model what was found. */
  readonly accept: () => void;
}

function compare(observation: Observation, model: Model, burst: Burst | undefined): Comparison {
  const differences: string[] = [];
  const accepted: (() => void)[] = [];
  const places = new Map(
    Array.from(model.members, ([cluster, each]) => [cluster, new Map(each)] as const),
  );
  let tombstones = 0;
  for (const object of model.objects.values()) {
    const passing = burst?.key === object.key ? burst.passing : [];
    const found = observation.objects.get(object.key);
    const learned: Learned = found ? learnRevisions(object, found, passing, differences) : object;
    const expected = expectationOf(learned, model, learned.passing ?? []);
    if (expected.isGone) {
      if (found) differences.push(`${object.key}: shall be gone`);
      tombstones += leave(object, expected, places, model, accepted);
      continue;
    }
    if (!found) {
      differences.push(`${object.key}: shall be there`);
      continue;
    }
    const chosen = compareObject(learned, expected, { found, observation, places, differences });
    accepted.push(() => {
      object.revisions = learned.revisions;
      object.entries.clear();
      for (const [member, entry] of chosen) object.entries.set(member, entry);
    });
  }
  for (const key of observation.objects.keys()) {
    if (!model.objects.has(key)) differences.push(`${key}: shall not be there`);
  }
  const remaining = buryDue(model, places);
  const count = remaining.length + tombstones;
  if (observation.tombstones !== count) {
    differences.push(`tombstones: ${observation.tombstones}, shall be ${count}`);
  }
  comparePlaces(observation, places, differences);
  return {
    differences,
    accept: () => {
      model.tombstones = [...remaining];
      for (const change of accepted) change();
      for (const [cluster, each] of places) {
        const target = model.members.get(cluster);
        target?.clear();
        for (const [place, live] of each) target?.set(place, live);
      }
    },
  };
}

type Learned = ModelObject & { readonly passing?: readonly Passing[] };

/** Numbers are the control plane's to choose, but by laws; an edit without a revision was not seen. */
function learnRevisions(
  object: ModelObject,
  found: ObservedObject,
  passing: readonly Passing[],
  differences: string[],
): Learned {
  const say = (text: string): void => void differences.push(`${object.key}: ${text}`);
  if (object.deleting !== undefined) return object;
  const { revisions } = found;
  const newest = object.revisions.at(-1);
  const fresh = revisions.filter(({ number }) => number > (newest?.number ?? 0));
  const kept = revisions.filter(({ number }) => number <= (newest?.number ?? 0));
  for (const each of kept) {
    const before = object.revisions.find(({ number }) => number === each.number);
    if (JSON.stringify(before) !== JSON.stringify(each)) say(`revision ${each.number} has changed`);
  }
  const wanted = [...passing.map(({ spec }) => spec), object.spec];
  let at = 0;
  let last = newest;
  for (const each of fresh) {
    while (at < wanted.length && !isContentOf(each, wanted[at] ?? object.spec)) at++;
    if (at === wanted.length) say(`revision ${each.number} was never asked for, or twice`);
    if (last && JSON.stringify({ ...last, number: 0 }) === JSON.stringify({ ...each, number: 0 })) {
      say(`revision ${each.number} repeats the one before`);
    }
    last = each;
  }
  if (!last || !isContentOf(last, object.spec)) say("its newest revision is not what it says");
  const seen = passing.filter(({ spec }) => revisions.some((each) => isContentOf(each, spec)));
  return { ...object, revisions, passing: seen };
}

interface Findings {
  readonly found: ObservedObject;
  readonly observation: Observation;
  readonly places: Map<string, Map<string, Live>>;
  readonly differences: string[];
}

/** Compares rows, ledger and members of one object; returns its ledger. */
function compareObject(
  object: ModelObject,
  expected: Expectation,
  { found, observation, places, differences }: Findings,
): ReadonlyMap<string, NonNullable<Standing["entry"]>> {
  const say = (text: string): void => void differences.push(`${object.key}: ${text}`);
  const chosen = new Map<string, NonNullable<Standing["entry"]>>();
  if (found.uid !== object.uid) say(`uid is ${found.uid}, shall be ${object.uid}`);
  if (found.isDeleting !== (object.deleting !== undefined)) say(`deletion is otherwise`);
  if (found.generation !== object.generation) {
    say(`generation is ${found.generation}, shall be ${object.generation}`);
  }
  if (found.observedGeneration !== found.generation) {
    say(`observed generation ${found.observedGeneration} of ${found.generation}`);
  }
  const rows = new Map(Array.from(expected.missing, ([name, row]) => [name, formatRow(row)]));
  for (const [member, { seen, outcomes }] of expected.members) {
    const place = placeOf(object, seen);
    const live = observation.members.get(seen.cluster)?.get(place);
    const row = found.rows.get(member);
    const entry = found.entries.get(member);
    const words = (outcome: Outcome): string =>
      describe(outcome.standing, outcome.row && formatRow(outcome.row));
    const now = describeFound(live, entry?.revision, row && formatRow(row), entry !== undefined);
    const match = outcomes.find((outcome) => words(outcome) === now) ?? outcomes[0];
    if (!match) continue;
    if (words(match) !== now) {
      const all = [...new Set(outcomes.map(words))].join(" or ");
      say(`${member}: is ${now}; shall be ${all}`);
    }
    rows.set(member, match.row ? formatRow(match.row) : "");
    const { standing } = match;
    if (standing.entry) {
      chosen.set(member, standing.entry);
      const isSame = standing.live?.book?.content === standing.entry.content;
      if (
        standing.live?.book &&
        live?.hash !== undefined &&
        (live.hash === entry?.hash) !== isSame
      ) {
        say(`${member}: the ledger's hash is ${entry?.hash}, the member's ${live.hash}`);
      }
    }
    put(places, seen.cluster, place, withGeneration(standing.live, live));
  }
  for (const [member, entry] of object.entries) {
    if (!expected.members.has(member)) chosen.set(member, entry);
  }
  for (const [member, row] of found.rows) {
    if (!rows.has(member)) say(`${member}: row ${formatRow(row)}; shall not be shown`);
  }
  for (const [member, row] of expected.missing) {
    const shown = found.rows.get(member);
    const text = shown ? formatRow(shown) : "no row";
    if (text !== formatRow(row)) say(`${member}: is ${text}; shall be ${formatRow(row)}`);
  }
  return chosen;
}

function describe({ live, entry }: Standing, row: string | undefined): string {
  const own = live?.book;
  const what = !live
    ? "absent"
    : own
      ? `"${live.value}" of ${own.source} (${own.uid}) at ${own.revision}`
      : `"${live.value}" ${live.refuses ?? "of nobody"}`;
  const ledger = entry ? `ledger ${entry.revision ?? "?"}` : "no ledger";
  return `${what}, ${ledger}, ${row === undefined ? "no row" : `row "${row}"`}`;
}

function describeFound(
  live: ObservedLive | undefined,
  revision: number | undefined,
  row: string | undefined,
  hasEntry: boolean,
): string {
  const ledger = hasEntry ? `ledger ${revision ?? "?"}` : "no ledger";
  const shown = row === undefined ? "no row" : `row "${row}"`;
  return `${describeLive(live)}, ${ledger}, ${shown}`;
}

function describeLive(live: ObservedLive | undefined): string {
  if (!live) return "absent";
  if (live.managed === "false") return `"${live.value}" label`;
  if (live.source?.startsWith("Other/")) return `"${live.value}" other`;
  if (live.source === undefined) return `"${live.value}" of nobody`;
  return `"${live.value}" of ${live.source} (${live.uid}) at ${live.revision}`;
}

function withGeneration(live: Live | undefined, found: ObservedLive | undefined): Live | undefined {
  if (!live?.book || found?.generation === undefined) return live;
  return { ...live, book: { ...live.book, generation: found.generation } };
}

function put(
  places: Map<string, Map<string, Live>>,
  cluster: string,
  place: string,
  live: Live | undefined,
): void {
  if (live) places.get(cluster)?.set(place, live);
  else places.get(cluster)?.delete(place);
}

/** What a deletion that is through leaves: copies taken away, and tombstones of what was abandoned. */
function leave(
  object: ModelObject,
  expected: Expectation,
  places: Map<string, Map<string, Live>>,
  model: Model,
  accepted: (() => void)[],
): number {
  const graves: Model["tombstones"] = [];
  for (const [member, { seen, outcomes }] of expected.members) {
    const [outcome] = outcomes;
    const place = placeOf(object, seen);
    put(places, seen.cluster, place, outcome?.standing.live);
    if (outcome?.row === undefined) continue;
    graves.push({
      member,
      cluster: seen.cluster,
      place,
      source: sourceOf(object, member),
      uid: object.uid,
    });
  }
  accepted.push(() => {
    model.objects.delete(object.key);
    model.tombstones.push(...graves);
  });
  return graves.length;
}

/** Tombstones whose cluster is back take their copy away and go. */
function buryDue(
  model: Model,
  places: Map<string, Map<string, Live>>,
): readonly Model["tombstones"][number][] {
  return model.tombstones.filter(({ cluster, place, source, uid }) => {
    const known = model.clusters.get(cluster);
    if (!known?.isUp) return true;
    const live = places.get(cluster)?.get(place);
    if (live?.book?.source === source && live.book.uid === uid) places.get(cluster)?.delete(place);
    return false;
  });
}

function comparePlaces(
  observation: Observation,
  places: ReadonlyMap<string, ReadonlyMap<string, Live>>,
  differences: string[],
): void {
  for (const [cluster, wanted] of places) {
    const found = observation.members.get(cluster) ?? new Map<string, ObservedLive>();
    for (const [place, live] of wanted) {
      const own = live.book;
      const shall = own
        ? `"${live.value}" of ${own.source} (${own.uid}) at ${own.revision}`
        : `"${live.value}" ${live.refuses ?? "of nobody"}`;
      const is = describeLive(found.get(place));
      if (is !== shall) differences.push(`${cluster}: ${place} is ${is}; shall be ${shall}`);
    }
    for (const [place, live] of found) {
      if (!wanted.has(place)) {
        differences.push(`${cluster}: ${place} is ${describeLive(live)}; shall be absent`);
      }
    }
  }
}
