import { evaluateTxn } from "../model/evaluate-txn.ts";
import { type Change, Timelines } from "../model/timelines.ts";
import { type History, HistoryBuilder } from "../record/history.ts";
import type { HistoryRecord, Outcome, Request } from "../record/records.ts";
import type { EventText, OperationText, TxnText, WatchText } from "../record/text.ts";

/** When something was called and when it returned, in microseconds. */
export type Times = readonly [call: number, end: number];

/**
 * A history made by hand: what is done is answered as a right store would, and shown to a watch of
 * everything, unless the test says otherwise.
 */
export class Sketch {
  readonly #builder = new HistoryBuilder();
  readonly #log = new Timelines();
  readonly #shown: EventText[][] = [];
  #count = 0;
  #watches = 0;

  constructor(setting: { readonly isShared?: boolean } = {}) {
    const { isShared = false } = setting;
    this.#builder.add({ t: "setting", store: "sketch", seed: 0, isShared, mayLackPrevious: false });
  }

  get head(): number {
    return this.#log.head;
  }

  /** All keys as they are now. */
  state(): ReturnType<ReturnType<Timelines["at"]>["list"]> {
    return this.#log.at(this.head).list({ key: "\0", end: "\0" });
  }

  /** An operation with its answer, as given. */
  op(request: Request, [call, end]: Times, outcome: Outcome): string {
    const n = ++this.#count;
    const c = "c";
    this.#builder.add({ t: "call", c, n, at: call, p: "p", label: request.do, q: request });
    this.#builder.add({ t: "return", c, n, at: end, o: outcome });
    return `${c}#${n}`;
  }

  /** A transaction that a right store runs now. */
  txn(txn: TxnText, times: Times): void {
    const { result, changes } = this.#run(txn);
    this.op({ do: "txn", txn }, times, { is: "txn", result });
    this.#commit(changes);
  }

  put(key: string, value: string, times: Times, lease = 0): void {
    this.txn(putTxn(key, value, lease), times);
  }

  remove(key: string, times: Times): void {
    this.txn(deleteTxn(key), times);
  }

  /** What a transaction without an answer did. */
  takesEffect(txn: TxnText): void {
    this.#commit(this.#run(txn).changes);
  }

  /** A read of a key, answered as of a revision. */
  get(
    key: string,
    times: Times,
    options: { readonly at?: number; readonly asked?: number } = {},
  ): void {
    const { at = this.head, asked = 0 } = options;
    const kv = this.#log.at(asked || at).get(key);
    const kvs = kv ? [kv] : [];
    const range = { key, ...(asked ? { revision: asked } : {}) };
    const result = { revision: at, kvs, count: kvs.length, more: false };
    this.op({ do: "range", range }, times, { is: "range", result });
  }

  /** The events of a revision, as a right watch shows them. */
  events(revision: number): readonly EventText[] {
    return this.#log.changesAt(revision).map(eventOf);
  }

  /** A watch with these batches and, as numbers, notices of progress. */
  watch(
    request: WatchText,
    deliveries: readonly (readonly EventText[] | number)[],
    at = 1e6,
  ): string {
    const w = `w${++this.#watches}`;
    this.record({ t: "watch", w, at: 0, p: "p", q: request });
    this.record({ t: "opened", w, at: 0 });
    for (const delivery of deliveries) {
      if (typeof delivery === "number") this.record({ t: "progress", w, at, r: delivery });
      else {
        const r = delivery.at(-1)?.kv.modRevision ?? 0;
        this.record({ t: "events", w, at, r, e: delivery });
      }
    }
    return w;
  }

  record(record: HistoryRecord): void {
    this.#builder.add(record);
  }

  /** The history, with everything shown at a time. */
  finish({
    shownUs = 1e6,
    shown = this.#shown,
  }: {
    readonly shownUs?: number;
    readonly shown?: readonly (readonly EventText[])[];
  } = {}): History {
    this.watch({ key: "\0", end: "\0", startRevision: 2, previous: true }, shown, shownUs);
    return this.#builder.finish();
  }

  #run(txn: TxnText): ReturnType<typeof evaluateTxn> {
    return evaluateTxn(txn, this.head, this.#log);
  }

  #commit(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#log.apply(this.head + 1, changes);
    this.#shown.push(changes.map(eventOf));
  }
}

function eventOf({ key, kv, previous, revision }: Change): EventText {
  const gone = { key, value: "", createRevision: 0, modRevision: revision, version: 0, lease: 0 };
  const kind = kv ? "put" : "delete";
  return { kind, kv: kv ?? gone, ...(previous ? { previous } : {}) };
}

/** A transaction of these operations. */
export function txnOf(...success: readonly OperationText[]): TxnText {
  return { compare: [], success, failure: [] };
}

/** A transaction that puts a key. */
export function putTxn(key: string, value: string, lease = 0): TxnText {
  return txnOf({ kind: "put", key, value, ...(lease ? { lease } : {}) });
}

/** A transaction that deletes a key. */
export function deleteTxn(key: string): TxnText {
  return txnOf({ kind: "delete", key });
}
