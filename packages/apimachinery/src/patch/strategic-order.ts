import { isJsonObject, type JsonValue } from "../meta/json-value.ts";
import { getMember } from "./json-members.ts";
import { noMergeKey } from "./strategic-errors.ts";

/** A merged list, and what says in which order its items come. */
export interface OrderInput {
  readonly merged: readonly JsonValue[];
  /** The order of the patch, or of its `$setElementOrder`: wins over the live one. */
  readonly patchOrder: readonly JsonValue[];
  readonly liveOrder: readonly JsonValue[];
  /** Absent for lists of scalars. */
  readonly mergeKey: string | undefined;
}

type Places = ReadonlyMap<JsonValue | undefined, number>;

/**
 * Puts a merged list in order: items of the patch as the patch has them; each item that only the
 * live list has stands before the first item of the patch that it preceded there.
 *
 * @throws {StatusError} If an item has no merge key.
 */
export function orderMergedList(input: OrderInput): readonly JsonValue[] {
  const { merged, patchOrder, liveOrder, mergeKey } = input;
  const inPatch = placesOf(patchOrder, mergeKey);
  const inLive = placesOf(liveOrder, mergeKey);
  const ours: JsonValue[] = [];
  const theirs: JsonValue[] = [];
  for (const item of merged) {
    const key = requireKey(item, mergeKey);
    (inPatch.has(key) ? ours : theirs).push(item);
  }
  return interleave(sortBy(theirs, inLive, mergeKey), sortBy(ours, inPatch, mergeKey), {
    places: inLive,
    mergeKey,
  });
}

/** What an item is told by: its merge key, or itself. */
export function keyOf(item: JsonValue, mergeKey: string | undefined): JsonValue | undefined {
  if (mergeKey === undefined) return item;
  return isJsonObject(item) ? getMember(item, mergeKey) : undefined;
}

function requireKey(item: JsonValue, mergeKey: string | undefined): JsonValue | undefined {
  const key = keyOf(item, mergeKey);
  if (key === undefined && mergeKey !== undefined && isJsonObject(item)) {
    throw noMergeKey(item, mergeKey);
  }
  return key;
}

function placesOf(order: readonly JsonValue[], mergeKey: string | undefined): Places {
  const places = new Map<JsonValue | undefined, number>();
  for (const [place, item] of order.entries()) {
    const key = requireKey(item, mergeKey);
    if (!places.has(key)) places.set(key, place);
  }
  return places;
}

function sortBy(
  items: readonly JsonValue[],
  places: Places,
  mergeKey: string | undefined,
): readonly JsonValue[] {
  const placed = items.map((item) => ({ item, place: places.get(keyOf(item, mergeKey)) }));
  const isComplete = placed.every(({ place }) => place !== undefined);
  const sorted =
    isComplete || items.length > maxInsertionSort
      ? placed.sort((left, right) => (left.place ?? Infinity) - (right.place ?? Infinity))
      : insertionSort(placed);
  return sorted.map(({ item }) => item);
}

interface Placed {
  readonly item: JsonValue;
  readonly place: number | undefined;
}

// Go's stable sort inserts one by one up to this length.
const maxInsertionSort = 20;

// Kubernetes compares so that an item without a place passes all, and all pass it: where it ends up
// depends on the steps of the sort, which are therefore taken as Go takes them.
function insertionSort(items: readonly Placed[]): readonly Placed[] {
  const sorted: Placed[] = [];
  for (const item of items) {
    let at = sorted.length;
    while (at > 0 && passes(item, sorted[at - 1])) at -= 1;
    sorted.splice(at, 0, item);
  }
  return sorted;
}

function passes(item: Placed, before: Placed | undefined): boolean {
  if (item.place === undefined || before?.place === undefined) return true;
  return item.place < before.place;
}

function interleave(
  live: readonly JsonValue[],
  patch: readonly JsonValue[],
  { places, mergeKey }: { readonly places: Places; readonly mergeKey: string | undefined },
): readonly JsonValue[] {
  const placeOf = (item: JsonValue | undefined): number | undefined =>
    item === undefined ? undefined : places.get(keyOf(item, mergeKey));
  const ordered: JsonValue[] = [];
  let next = 0;
  for (const item of patch) {
    const place = placeOf(item) ?? -1;
    while ((placeOf(live[next]) ?? Infinity) < place) {
      ordered.push(live[next] ?? null);
      next += 1;
    }
    ordered.push(item);
  }
  return [...ordered, ...live.slice(next)];
}
