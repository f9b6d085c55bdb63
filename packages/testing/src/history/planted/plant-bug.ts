import {
  CompactedError,
  type MvccStore,
  type RangeRequest,
  type RangeResult,
  type TxnRequest,
  type TxnResult,
  UnavailableError,
  type Watch,
  type WatchListener,
  type WatchRequest,
} from "@cellplane/kv";
import { hasWritten } from "../model/effects.ts";
import { toText } from "../record/text.ts";
import { plantInListener } from "./plant-in-listener.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Lets a fault come after so many chances, once. */
export type Chance = () => boolean;

const chancesBefore = 10;

/** Of a fault that few answers give a chance. */
const rareChancesBefore: Partial<Record<PlantedBug, number>> = { "split revision": 2 };

/** A store with a fault: it shows once, after some dozens of chances. */
export function plantBug(store: MvccStore, bug: PlantedBug): MvccStore {
  let chances = 0;
  const at = rareChancesBefore[bug] ?? chancesBefore;
  const once: Chance = () => ++chances === at;
  const planted: Record<string, unknown> = {
    txn: (request: TxnRequest, signal?: AbortSignal) =>
      plantInTxn(store, { bug, once, request, signal }),
    range: (request: RangeRequest, signal?: AbortSignal) =>
      plantInRange(store, { bug, once, request, signal }),
    watch: (request: WatchRequest, listener: WatchListener): Watch =>
      store.watch(request, plantInListener(listener, { bug, request, once })),
  };
  return new Proxy(store, {
    get: (_, name) => {
      if (typeof name === "string" && name in planted) return planted[name];
      const member: unknown = Reflect.get(store, name, store);
      return typeof member === "function" ? (member.bind(store) as unknown) : member;
    },
  });
}

interface Planting<Request> {
  readonly bug: PlantedBug;
  readonly once: Chance;
  readonly request: Request;
  readonly signal: AbortSignal | undefined;
}

async function plantInTxn(
  store: MvccStore,
  { bug, once, request, signal }: Planting<TxnRequest>,
): Promise<TxnResult> {
  const [only] = request.success;
  const isPut = request.success.length === 1 && only?.kind === "put";
  const isPlainPut = isPut && request.compare.length === 0 && !only.previous;
  if (bug === "lost write" && isPlainPut && once()) {
    return {
      succeeded: true,
      revision: (await store.headRevision()) + 1,
      results: [{ kind: "put" }],
    };
  }
  if (bug === "phantom" && isPlainPut && once()) {
    const put = { ...only, value: Buffer.from("nobody wrote this") };
    return store.txn({ ...request, success: [put] }, signal);
  }
  if (bug === "torn transaction" && request.success.length > 3 && once()) {
    const { revision } = await store.txn(
      { ...request, success: request.success.slice(1, 2) },
      signal,
    );
    const rest = await store.txn(
      { ...request, compare: [], success: request.success.slice(2) },
      signal,
    );
    const first = await store.txn({
      ...request,
      compare: [],
      success: request.success.slice(0, 1),
    });
    return { ...rest, revision, results: [...first.results, { kind: "put" }, ...rest.results] };
  }
  const result = await store.txn(request, signal);
  const wrote = hasWritten(toText(request), toText(result));
  if (bug === "refused, yet written" && isPut && wrote && once()) {
    throw new UnavailableError("Cannot write as a fault was planted");
  }
  if (bug === "revision used twice" && wrote && once()) {
    return { ...result, revision: result.revision - 1 };
  }
  return result;
}

async function plantInRange(
  store: MvccStore,
  { bug, once, request, signal }: Planting<RangeRequest>,
): Promise<RangeResult> {
  const result = await store.range(request, signal);
  const { revision } = result;
  if (bug === "stale read" && !request.revision && !request.serializable && once()) {
    const old = await store.range({ ...request, revision: Math.max(1, revision - 40) }, signal);
    return { ...old, revision: Math.max(1, revision - 40) };
  }
  if (!request.revision) return result;
  if (bug === "early compaction" && once()) throw new CompactedError(request.revision, revision);
  const [first, ...others] = result.kvs;
  if (bug === "wrong historic read" && first && once()) {
    return { ...result, kvs: [{ ...first, modRevision: first.modRevision - 1 }, ...others] };
  }
  return result;
}
