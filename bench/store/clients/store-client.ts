import type { MvccStore } from "../../../packages/kv/src/index.ts";
import { type BenchClient, endOfPrefix, inTxns } from "./bench-client.ts";

/** A store of ours, in the process of the bench, as an API server has it. */
export class StoreClient implements BenchClient {
  readonly #store: MvccStore;

  constructor(store: MvccStore) {
    this.#store = store;
  }

  async put(key: Buffer, value: Buffer): Promise<number> {
    const success = [{ kind: "put", key, value }] as const;
    return (await this.#store.txn({ compare: [], success, failure: [] })).revision;
  }

  async update(key: Buffer, value: Buffer, modRevision: number): Promise<number> {
    const { succeeded, revision } = await this.#store.txn({
      compare: [{ key, target: "mod", result: "equal", operand: modRevision }],
      success: [{ kind: "put", key, value }],
      failure: [{ kind: "range", key }],
    });
    if (!succeeded) throw new Error(`${key.toString()} is not at ${modRevision}`);
    return revision;
  }

  fill(keys: readonly Buffer[], value: Buffer): Promise<void> {
    return inTxns(keys, (part) => {
      const success = part.map((key) => ({ kind: "put" as const, key, value }));
      return this.#store.txn({ compare: [], success, failure: [] });
    });
  }

  async get(key: Buffer): Promise<number> {
    return (await this.#store.range({ key })).kvs[0]?.modRevision ?? 0;
  }

  async list(prefix: string, limit: number): Promise<number> {
    const range = { key: Buffer.from(prefix), end: endOfPrefix(prefix) };
    return (await this.#store.range({ ...range, limit })).kvs.length;
  }

  async count(prefix: string): Promise<number> {
    const range = { key: Buffer.from(prefix), end: endOfPrefix(prefix) };
    return (await this.#store.range({ ...range, countOnly: true })).count;
  }

  async head(): Promise<number> {
    return this.#store.headRevision();
  }

  async watch(prefix: string, onEvent: (revision: number) => void): Promise<{ close(): void }> {
    return this.#store.watch(
      { key: Buffer.from(prefix), end: endOfPrefix(prefix), previous: true },
      {
        onBatch: ({ events }) => {
          for (const { kv } of events) onEvent(kv.modRevision);
        },
        onEnd: (error) => {
          if (error) throw error;
        },
      },
    );
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}
