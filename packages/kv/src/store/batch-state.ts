import type { KeyIndex, KeyView } from "./key-index.ts";
import { isInSpan, keyTextOf, type KeySpan, type KeyText } from "./key-text.ts";
import type { Key, Revision } from "./mvcc-store.ts";
import type { LogChange } from "./revision-log.ts";

/** What is written to a key. */
export interface PutChange {
  readonly value: Buffer;
  readonly lease: number;
}

const emptyValue = Buffer.alloc(0);

/**
 * The live keys as the transactions of a batch see them: the committed index, and on top of it
 * what the batch has decided so far. Nothing of it is visible to others until the batch is durable.
 */
export class BatchState implements KeyView {
  readonly #index: KeyIndex;
  readonly #pending = new Map<KeyText, LogChange>();
  readonly #changes: LogChange[] = [];
  #head: Revision;
  #transactionStart = 0;
  readonly #revoked = new Set<number>();

  constructor(index: KeyIndex, head: Revision) {
    this.#index = index;
    this.#head = head;
  }

  /** Everything decided so far, in order. */
  get changes(): readonly LogChange[] {
    return this.#changes;
  }

  /** The revision of the last transaction that changed something. */
  get head(): Revision {
    return this.#head;
  }

  /** The revision that the running transaction has made so far: the head, or the next where it changed something. */
  get revision(): Revision {
    return this.#changes.length > this.#transactionStart ? this.#head + 1 : this.#head;
  }

  /** How many changes the running transaction has made. */
  get transactionChanges(): number {
    return this.#changes.length - this.#transactionStart;
  }

  /** Ends the running transaction; what it changed becomes a revision. */
  endTransaction(): Revision {
    this.#head = this.revision;
    this.#transactionStart = this.#changes.length;
    return this.#head;
  }

  /** Forgets what the running transaction changed. */
  abandonTransaction(): void {
    this.#changes.length = this.#transactionStart;
    this.#pending.clear();
    for (const change of this.#changes) this.#pending.set(change.key, change);
  }

  get(key: KeyText): LogChange | undefined {
    const pending = this.#pending.get(key);
    if (pending === undefined) return this.#index.get(key);
    return pending.kind === "put" ? pending : undefined;
  }

  list(span: KeySpan, limit: number): LogChange[] {
    if (span.single) {
      const change = this.get(span.start);
      return change ? [change] : [];
    }
    const pending = this.#pendingIn(span);
    if (pending.length === 0) return this.#index.list(span, limit);
    const merged = this.#index.list(span, 0).filter(({ key }) => !this.#pending.has(key));
    merged.push(...pending.filter(({ kind }) => kind === "put"));
    merged.sort((a, b) => (a.key < b.key ? -1 : 1));
    return limit > 0 ? merged.slice(0, limit) : merged;
  }

  count(span: KeySpan): number {
    if (span.single) return this.get(span.start) ? 1 : 0;
    let count = this.#index.count(span);
    for (const { key, kind } of this.#pendingIn(span)) {
      count += (kind === "put" ? 1 : 0) - (this.#index.get(key) ? 1 : 0);
    }
    return count;
  }

  /** Puts a key and tells the row it had. */
  put(key: Key, { value, lease }: PutChange): LogChange | undefined {
    const text = keyTextOf(key);
    const previous = this.get(text);
    const revision = this.#head + 1;
    this.#add({
      kind: "put",
      key: text,
      revision,
      sub: this.transactionChanges,
      createRevision: previous ? previous.createRevision : revision,
      version: previous ? previous.version + 1 : 1,
      lease,
      previousRevision: previous ? previous.revision : 0,
      previousSub: previous ? previous.sub : 0,
      value: ownValue(value),
      previous,
    });
    return previous;
  }

  /** Deletes a live key. */
  delete(previous: LogChange): void {
    this.#add({
      kind: "delete",
      key: previous.key,
      revision: this.#head + 1,
      sub: this.transactionChanges,
      createRevision: 0,
      version: 0,
      lease: 0,
      previousRevision: previous.revision,
      previousSub: previous.sub,
      value: emptyValue,
      previous,
    });
  }

  /** Notes that a transaction of this batch ends a lease. */
  revoke(lease: number): void {
    this.#revoked.add(lease);
  }

  /** The leases that transactions of this batch have ended. */
  get revoked(): ReadonlySet<number> {
    return this.#revoked;
  }

  /** Whether a transaction of this batch has ended the lease. */
  hasRevoked(lease: number): boolean {
    return this.#revoked.has(lease);
  }

  #add(change: LogChange): void {
    this.#changes.push(change);
    this.#pending.set(change.key, change);
  }

  #pendingIn(span: KeySpan): LogChange[] {
    if (this.#pending.size === 0) return [];
    return Array.from(this.#pending.values()).filter(({ key }) => isInSpan(key, span));
  }
}

/** A value that is a small part of a larger block is copied, so that the block need not stay. */
function ownValue(value: Buffer): Buffer {
  if (value.buffer.byteLength <= 2 * value.length + 512) return value;
  const own = Buffer.allocUnsafeSlow(value.length);
  value.copy(own);
  return own;
}
