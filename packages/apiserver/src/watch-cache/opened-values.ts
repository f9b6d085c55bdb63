import type { KeyValue } from "@cellplane/kv";
import type { ValueTransformer } from "../storage/value-transformer.ts";

const maxKept = 1024;

/** Decrypts each value of the recent history once, however many watches ask for it. */
export class OpenedValues {
  readonly #values: ValueTransformer;
  readonly #kept = new Map<string, Buffer | Promise<Buffer>>();

  constructor(values: ValueTransformer) {
    this.#values = values;
  }

  /** The value as it was before encryption. Throws, or rejects with, what the transformer does. */
  open(kv: Pick<KeyValue, "key" | "value" | "modRevision">): Buffer | Promise<Buffer> {
    const key = kv.key.toString();
    // Plaintext costs nothing.
    if (!this.#values.isStale) return this.#values.fromStore(kv.value, key);
    const id = `${kv.modRevision} ${key}`;
    const known = this.#kept.get(id);
    if (known) return known;
    const opened = this.#values.fromStore(kv.value, key);
    this.#keep(id, opened);
    if (opened instanceof Promise) opened.catch(() => this.#kept.delete(id));
    return opened;
  }

  #keep(id: string, opened: Buffer | Promise<Buffer>): void {
    this.#kept.set(id, opened);
    if (this.#kept.size <= maxKept) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
