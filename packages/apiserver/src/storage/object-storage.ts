import { StatusError } from "@cellplane/apimachinery";
import type { Compare, KeyValue, MvccStore, Operation, TxnRequest, TxnResult } from "@cellplane/kv";
import type { StoreMonitor } from "./store-monitor.ts";
import { plainValues, type ValueTransformer } from "./value-transformer.ts";

/** What a write did. A lost race is an outcome: `current` is what is there now, if anything. */
export type WriteOutcome =
  | { readonly kind: "written"; readonly revision: number }
  | { readonly kind: "lost"; readonly current: StoredValue | undefined };

/** One value as it is in the store, decrypted. */
export interface StoredValue {
  /** The whole key. */
  readonly key: string;
  readonly value: Buffer;
  readonly revision: number;
}

/** Part of a range at one revision. */
export interface StoredPage {
  /** The head when it was read. */
  readonly revision: number;
  readonly values: readonly StoredValue[];
  readonly more: boolean;
  /** How many keys the whole range holds. */
  readonly count: number;
  /** The last key that was read, whether or not its value could be. */
  readonly lastKey: string | undefined;
}

/** Which part of a range to read. */
export interface PageRequest {
  readonly start: string;
  readonly end: Buffer;
  readonly limit: number;
  /** 0: the head. */
  readonly revision: number;
  /** Told each value that cannot be decrypted, instead of failing the page. */
  readonly onUnreadable?: (key: string, error: unknown) => void;
}

/** What must hold for a write, and how long it may take. */
export interface WriteCondition {
  /** The key's revision; 0: there is no such key. */
  readonly expect: number;
  readonly signal: AbortSignal;
  /** Keys that are written, too, and whose revisions must still be these: others decide by them. */
  readonly guards?: readonly WriteGuard[];
}

/** A key whose revision is that of the last write that depended on it; 0: there was none. */
export interface WriteGuard {
  readonly key: string;
  readonly revision: number;
}

/** Objects over the key-value store: compare-and-swap by revision, and snapshots. */
export class ObjectStorage {
  readonly #store: MvccStore;
  readonly #values: ValueTransformer;
  readonly #monitor: Pick<StoreMonitor, "check"> | undefined;

  constructor(
    store: MvccStore,
    values: ValueTransformer = plainValues,
    monitor?: Pick<StoreMonitor, "check">,
  ) {
    this.#store = store;
    this.#values = values;
    this.#monitor = monitor;
  }

  /** Writes if the key's revision still is `expect`; 0: if there is no such key. */
  async put(key: string, value: Buffer, condition: WriteCondition): Promise<WriteOutcome> {
    const bytes = await this.#values.toStore(value, key);
    return await this.#swap(key, condition, { kind: "put", key: Buffer.from(key), value: bytes });
  }

  /** Deletes if the key's revision still is `expect`. */
  async delete(key: string, condition: WriteCondition): Promise<WriteOutcome> {
    return await this.#swap(key, condition, { kind: "delete", key: Buffer.from(key) });
  }

  /** @throws {CompactedError | FutureRevisionError} */
  async page(request: PageRequest): Promise<StoredPage> {
    const result = await this.#store.range({
      key: Buffer.from(request.start),
      end: request.end,
      limit: request.limit,
      revision: request.revision,
    });
    const values: StoredValue[] = [];
    for (const kv of result.kvs) {
      try {
        values.push(await this.#decode(kv));
      } catch (error) {
        if (!request.onUnreadable) throw error;
        request.onUnreadable(kv.key.toString(), error);
      }
    }
    const { revision, more, count } = result;
    return { revision, values, more, count, lastKey: result.kvs.at(-1)?.key.toString() };
  }

  /** Whether the value of a key would be written otherwise now: under a newer key. */
  async isStale(key: string): Promise<boolean> {
    const isStale = this.#values.isStale;
    if (!isStale) return false;
    const kv = await this.#read(key);
    return kv !== undefined && (await isStale(kv.value, key));
  }

  /** Whether there is a value that cannot be decrypted. */
  async isUnreadable(key: string): Promise<boolean> {
    const kv = await this.#read(key);
    if (!kv) return false;
    try {
      await this.#values.fromStore(kv.value, key);
      return false;
    } catch {
      return true;
    }
  }

  async #read(key: string): Promise<KeyValue | undefined> {
    const result = await this.#store.range({ key: Buffer.from(key), limit: 1, revision: 0 });
    return result.kvs[0];
  }

  async #swap(
    key: string,
    { expect, signal, guards = [] }: WriteCondition,
    write: Operation,
  ): Promise<WriteOutcome> {
    this.#monitor?.check();
    const keyBytes = Buffer.from(key);
    const request: TxnRequest = {
      compare: [
        { key: keyBytes, target: "mod", result: "equal", operand: expect },
        ...guards.map(compareGuard),
      ],
      success: [write, ...guards.map(putGuard)],
      failure: [{ kind: "range", key: keyBytes }],
    };
    const result = await this.#store.txn(request, signal).catch((error: unknown) => {
      throw signal.aborted && error === signal.reason ? notInTime(error) : error;
    });
    if (result.succeeded) return { kind: "written", revision: result.revision };
    const current = currentOf(result);
    return { kind: "lost", current: current && (await this.#decode(current)) };
  }

  async #decode(kv: KeyValue): Promise<StoredValue> {
    const key = kv.key.toString();
    return { key, value: await this.#values.fromStore(kv.value, key), revision: kv.modRevision };
  }
}

function compareGuard({ key, revision }: WriteGuard): Compare {
  return { key: Buffer.from(key), target: "mod", result: "equal", operand: revision };
}

function putGuard({ key }: WriteGuard): Operation {
  return { kind: "put", key: Buffer.from(key), value: Buffer.alloc(0) };
}

function currentOf(result: TxnResult): KeyValue | undefined {
  const [read] = result.results;
  return read?.kind === "range" ? read.kvs[0] : undefined;
}

/** A write whose time is over before its turn is left out. */
export function notInTime(cause: unknown): StatusError {
  const text =
    "Timeout: request did not complete within the allotted timeout: the write was not made";
  return new StatusError("Timeout", text, { details: {}, cause });
}
