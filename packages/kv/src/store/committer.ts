import { BatchState } from "./batch-state.ts";
import { decideTxn, type DecidedTxn, type DecisionContext } from "./decide-txn.ts";
import { decideRevoke, type RevokeRequest } from "./decide-revoke.ts";
import { rowsToDecide } from "./evaluate-compares.ts";
import type { KeyIndex } from "./key-index.ts";
import type { LeaseView } from "./lease-book.ts";
import type { LeaseKeys } from "./lease-keys.ts";
import { leaseNeedsOf } from "./lease-needs.ts";
import {
  CompactedError,
  NoSpaceError,
  OutcomeUnknownError,
  RevisionsLostError,
  UnavailableError,
} from "./kv-error.ts";
import type { Operation, Revision, TxnRequest, TxnResult } from "./mvcc-store.ts";
import {
  BehindError,
  HeadMovedError,
  TurnLostError,
  type LogChange,
  type LogTurn,
  type RevisionLog,
} from "./revision-log.ts";
import { RowValues } from "./row-values.ts";

/** Most transactions of one batch. */
const maxBatchTransactions = 64;

/** Most bytes of values of one batch; a larger transaction is a batch of its own. */
const maxBatchBytes = 4 * 1024 * 1024;

/** How long a batch is tried again after its turn was lost, in milliseconds. */
const retryForMs = 8000;

/** What the committer works on and for. */
export interface CommitterHost {
  readonly index: KeyIndex;
  readonly log: RevisionLog;
  /** The leases, where the process keeps them. */
  readonly leases?: LeaseView | undefined;
  /** The keys of leases, where the log keeps them. */
  readonly leaseKeys?: LeaseKeys | undefined;
  /** The head, and how far history is compacted. */
  revisions(): { readonly head: Revision; readonly compacted: Revision };
  /** Called with durable changes, in order, before any of their outcomes is told. */
  committed(changes: readonly LogChange[], head: Revision): void | Promise<void>;
  /** A commit was lost: what is on disk is not what memory says. */
  broken(error: Error): void;
  /** Runs work that moves the head, one after another, where others move it, too; absent: at once. */
  exclusively?<T>(work: () => Promise<T>): Promise<T>;
  /** Reads on to the head that others have made, where the log is shared. */
  catchUp?(): Promise<void>;
  /** Turns a decision into an answer. */
  tell(decided: DecidedTxn): TxnResult | Promise<TxnResult>;
  /** Bytes beyond which puts are refused. */
  readonly quotaBytes: number;
}

/** A transaction that waits for its batch. */
interface Waiting {
  readonly request: TxnRequest | RevokeRequest;
  readonly signal: AbortSignal | undefined;
  readonly bytes: number;
  readonly resolve: (result: TxnResult | Promise<TxnResult>) => void;
  readonly reject: (error: unknown) => void;
  outcome: DecidedTxn | { readonly error: unknown } | undefined;
}

/**
 * Group commit: transactions that arrive while a batch is being committed form the next batch.
 * There is no timer, so a lone transaction never waits for company.
 */
export class Committer {
  readonly #host: CommitterHost;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #broken: Error | undefined;

  constructor(host: CommitterHost) {
    this.#host = host;
  }

  /** Runs a checked transaction. */
  run(request: TxnRequest | RevokeRequest, signal: AbortSignal | undefined): Promise<TxnResult> {
    if (this.#broken) return Promise.reject(this.#broken);
    const { promise, resolve, reject } = Promise.withResolvers<TxnResult>();
    const bytes = bytesOf(request.success) + bytesOf(request.failure);
    const waiting = { request, signal, bytes, resolve, reject, outcome: undefined };
    this.#queue.push(waiting);
    if (signal && this.#host.log.shared) leaveOnAbort(waiting, signal, promise);
    // Behind all that has arrived by now, on whichever socket, so that it shares the batch.
    this.#running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() =>
      this.#drain(),
    );
    return promise;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Refuses everything that waits and whatever comes. */
  break(error: Error): void {
    this.#broken ??= error;
    for (const waiting of this.#queue.splice(0)) waiting.reject(error);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#runBatch(this.#takeBatch());
    } finally {
      this.#running = undefined;
    }
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    let size = 0;
    for (const waiting of this.#queue) {
      bytes += waiting.bytes;
      if (size > 0 && (size === maxBatchTransactions || bytes > maxBatchBytes)) break;
      size++;
    }
    const batch = this.#queue.slice(0, size);
    this.#queue = this.#queue.slice(size);
    return batch;
  }

  async #runBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#tryBatch(batch);
    } catch (error) {
      if (error instanceof NoSpaceError && batch.length > 1) {
        // One of them was too much: each alone, so that only that one is refused.
        for (const waiting of batch) await this.#runBatch([waiting]);
        return;
      }
      for (const waiting of batch) waiting.reject(error);
      // Processes that share a log read on, and so find out what came of it.
      if (error instanceof OutcomeUnknownError && !this.#host.log.shared) {
        this.#host.broken(unavailable(error));
      }
      if (error instanceof RevisionsLostError) this.#host.broken(unavailable(error));
      return;
    }
    for (const waiting of batch) this.#answer(waiting);
  }

  async #tryBatch(batch: readonly Waiting[]): Promise<void> {
    const deadline = performance.now() + retryForMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#commitBatch(batch);
      } catch (error) {
        // Others may have compacted what this process has not read: reading on sees to that, too.
        const isBehind = error instanceof BehindError || error instanceof CompactedError;
        if (isBehind) await this.#host.catchUp?.();
        else if (!(error instanceof TurnLostError)) throw error;
        // Nobody is to be given way to.
        if (error instanceof HeadMovedError && attempt === 0) continue;
        if (performance.now() > deadline) {
          throw new UnavailableError(
            `Cannot write as the database goes on refusing: ${error.message}`,
          );
        }
        const pauseMs = Math.random() * Math.min(5 * 2 ** attempt, 200);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    const { head } = this.#host.revisions();
    const needs = this.#host.leaseKeys && leaseNeedsOf(batch.map(({ request }) => request));
    let turn = this.#host.log.begin(head, needs);
    if (turn instanceof Promise) turn = await turn;
    try {
      await this.#decideAndCommit(batch, turn);
    } catch (error) {
      // Has no effect after `commit`; else others would wait for the lock.
      await turn.abandon();
      throw error;
    }
  }

  async #decideAndCommit(batch: readonly Waiting[], turn: LogTurn): Promise<void> {
    const { index, log } = this.#host;
    if (turn.foreign.length > 0) {
      const { foreign } = turn;
      const take = async (): Promise<void> => {
        await this.#host.committed(foreign, foreign.at(-1)?.revision ?? 0);
      };
      await (this.#host.exclusively ? this.#host.exclusively(take) : take());
    }
    const { head } = this.#host.revisions();
    const values = new RowValues();
    for (const { request } of batch) {
      const loaded = values.load(rowsToDecide(request, index), log);
      if (loaded instanceof Promise) await loaded;
    }
    // Without the lock others may have gone on, and other values would be needed.
    if (this.#host.revisions().head !== head) throw new HeadMovedError("others have gone on");
    const state = new BatchState(index, head);
    const leases = this.#leasesOf(turn);
    const { valueOf } = values;
    for (const waiting of batch) this.#decide(waiting, { state, leases, valueOf });
    const ended = turn.leases ? state.revoked : undefined;
    if (state.changes.length === 0 && !ended?.size) {
      const over = turn.confirm ? turn.confirm() : turn.abandon();
      if (over) await over;
      return;
    }
    if (this.#host.exclusively) {
      // Whoever reads the log must not hand out this batch before it is acknowledged.
      await this.#host.exclusively(async () => {
        await turn.commit(state.changes, ended);
        await this.#host.committed(state.changes, state.head);
      });
      return;
    }
    const committing = turn.commit(state.changes);
    if (committing) await committing;
    const told = this.#host.committed(state.changes, state.head);
    if (told) await told;
  }

  /** Where the log keeps leases: as they are under the lock. */
  #leasesOf({ leases }: LogTurn): LeaseView | undefined {
    const { leaseKeys } = this.#host;
    if (!leases || !leaseKeys) return this.#host.leases;
    return {
      has: (id) => leases.has(id),
      isDue: (id) => leases.isDue(id),
      keysOf: (id) => leaseKeys.of(id),
    };
  }

  #decide(waiting: Waiting, known: Omit<DecisionContext, "compacted">): void {
    try {
      waiting.signal?.throwIfAborted();
      this.#checkQuota(waiting);
      const context = { ...known, compacted: this.#host.revisions().compacted };
      const { request } = waiting;
      waiting.outcome =
        "revoke" in request ? decideRevoke(request, context) : decideTxn(request, context);
    } catch (error) {
      waiting.outcome = { error };
    }
  }

  #checkQuota({ request, bytes }: Waiting): void {
    const size = this.#host.log.sizeBytes();
    if (size <= this.#host.quotaBytes || bytes === 0) return;
    if (!hasPut(request.success) && !hasPut(request.failure)) return;
    throw new NoSpaceError(
      `Cannot write as the store is beyond its quota of ${this.#host.quotaBytes} bytes: it has ${size}`,
    );
  }

  #answer({ request, outcome, resolve, reject }: Waiting): void {
    if (!outcome) return reject(new Error("A transaction was not decided"));
    if ("error" in outcome) return reject(outcome.error);
    // Before the next batch is decided, which must not put with a lease that has ended.
    if ("revoke" in request && outcome.succeeded) request.revoke.done();
    try {
      const answer = this.#host.tell(outcome);
      resolve(answer instanceof Promise ? answer.catch(answerLost) : answer);
    } catch (error) {
      reject(answerError(error));
    }
  }
}

function answerLost(cause: unknown): never {
  throw answerError(cause);
}

/** The transaction has run, and only what it read cannot be told. */
function answerError(cause: unknown): OutcomeUnknownError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new OutcomeUnknownError(`Cannot tell the outcome of the transaction: ${why}`, { cause });
}

function bytesOf(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    if (operation.kind === "put") bytes += operation.value.length + operation.key.length;
    if (operation.kind === "txn") bytes += bytesOf(operation.success) + bytesOf(operation.failure);
  }
  return bytes;
}

/**
 * A database that is away may keep others waiting for long, but nobody beyond its time: `#decide`
 * leaves out who has left before, and who leaves later does not know what came of it.
 */
function leaveOnAbort(waiting: Waiting, signal: AbortSignal, settled: Promise<unknown>): void {
  const leave = (): void => {
    if (!waiting.outcome) return waiting.reject(signal.reason);
    const why = "Cannot tell in time whether the write was committed: its answer is still awaited";
    waiting.reject(new OutcomeUnknownError(why));
  };
  const stay = (): void => signal.removeEventListener("abort", leave);
  signal.addEventListener("abort", leave, { once: true });
  settled.then(stay, stay);
}

function hasPut(operations: readonly Operation[]): boolean {
  return operations.some(
    (operation) =>
      operation.kind === "put" ||
      (operation.kind === "txn" && (hasPut(operation.success) || hasPut(operation.failure))),
  );
}

function unavailable(cause: Error): UnavailableError {
  if (cause instanceof RevisionsLostError) return new UnavailableError(cause.message, { cause });
  return new UnavailableError("Cannot use the store as a commit was lost: open it again", {
    cause,
  });
}
