import type {
  KeyValue,
  MvccStore,
  Operation,
  TxnResult,
  Watch,
  WatchBatch,
  WatchEvent,
  WatchRequest,
} from "./mvcc-store.ts";

/** How the suite opens a store. */
export type OpenStore = () => Promise<MvccStore>;

/** Where stores may differ within the contract. */
export interface StoreTraits {
  /** In which order transactions take effect that run at the same time: as they were begun, unless given. */
  readonly order?: "arrival" | "any";
  /**
   * From where on a watch can tell previous values: from the compacted revision itself, unless given. Where
   * it can't, it ends as a watch of compacted history does.
   */
  readonly previous?: "compacted" | "uncompacted";
  /** How many random histories are tried: 25 unless given. */
  readonly histories?: number;
}

/** The bytes of a text. */
export function k(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** Keys, space-separated. */
export function textOf(kvs: readonly KeyValue[]): string {
  return kvs.map(({ key }) => key.toString("latin1")).join(" ");
}

/** Puts one key, with a lease that is granted where there is none. */
export async function put(
  store: MvccStore,
  key: string,
  value: string,
  options: { readonly lease?: number } = {},
): Promise<TxnResult> {
  if (options.lease) await ensureLease(store, options.lease);
  return run(store, { kind: "put", key: k(key), value: k(value), ...options });
}

/** Grants a lease of an hour where there is none of this id. */
export async function ensureLease({ leases }: MvccStore, id: number): Promise<void> {
  if (leases && !(await leases.timeToLive(id))) await leases.grant({ id, ttlSeconds: 3600 });
}

/** Puts keys one after another; values are the key and the number of the put, from 1: `a1`. */
export async function putAll(store: MvccStore, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await put(store, key, `${key}${await store.headRevision()}`);
  }
}

/** Deletes one key. */
export function remove(store: MvccStore, key: string): Promise<TxnResult> {
  return run(store, { kind: "delete", key: k(key) });
}

/** Runs operations without a condition. */
export function run(store: MvccStore, ...success: readonly Operation[]): Promise<TxnResult> {
  return store.txn({ compare: [], success, failure: [] });
}

/** Records what a watch is handed. */
export class RecordingWatch {
  readonly batches: WatchBatch[] = [];
  readonly progress: number[] = [];
  readonly watch: Watch;
  ended: { readonly error: Error | undefined } | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(store: MvccStore, request: WatchRequest) {
    this.watch = store.watch(request, {
      onBatch: (batch) => this.#note(() => this.batches.push(batch)),
      onProgress: (revision) => this.#note(() => this.progress.push(revision)),
      onEnd: (error) => this.#note(() => (this.ended = { error })),
    });
  }

  /** Events as `+a=1@2` and `-a@3`; with ` (was …)` where the previous value is told. */
  get text(): string {
    return this.events.map(eventText).join(" ");
  }

  get events(): readonly WatchEvent[] {
    return this.batches.flatMap(({ events }) => events);
  }

  /** Resolves as soon as the condition holds; it is looked at whenever something arrives. */
  async until(condition: (self: this) => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(30_000);
    const late = Promise.withResolvers<never>();
    deadline.addEventListener("abort", () =>
      late.reject(
        new Error(`The watch has only: ${this.text} ${this.progress.join()}${this.#endText()}`),
      ),
    );
    while (!condition(this)) await Promise.race([this.#wake.promise, late.promise]);
    late.promise.catch(() => undefined);
  }

  #endText(): string {
    return this.ended ? `, and ended: ${this.ended.error?.message}` : "";
  }

  #note(what: () => void): void {
    what();
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

function eventText({ kind, kv, previous }: WatchEvent): string {
  const was = previous ? `(was ${previous.value.toString()})` : "";
  const key = kv.key.toString("latin1");
  if (kind === "delete") return `-${key}@${kv.modRevision}${was}`;
  return `+${key}=${kv.value.toString()}@${kv.modRevision}${was}`;
}
