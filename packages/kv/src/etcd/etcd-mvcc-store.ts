import type { StatusResponse } from "@cellplane/etcd-api";
import { isGrpcError } from "@cellplane/grpc";
import { checkRange, checkTxn } from "../store/check-txn.ts";
import {
  CompactedError,
  FutureRevisionError,
  OutcomeUnknownError,
  type RevisionsLostError,
  UnavailableError,
} from "../store/kv-error.ts";
import type {
  LeaseStore,
  MvccStore,
  Operation,
  RangeRequest,
  RangeResult,
  Revision,
  StoreStatus,
  TxnRequest,
  TxnResult,
  Watch,
  WatchListener,
  WatchRequest,
} from "../store/mvcc-store.ts";
import { type CallIntent, EtcdCalls, RevisionRefused } from "./etcd-calls.ts";
import { EtcdLeases } from "./etcd-leases.ts";
import { EtcdMembers } from "./etcd-members.ts";
import { etcdMethods } from "./etcd-methods.ts";
import type { EtcdTarget } from "./etcd-url.ts";
import { EtcdWatches } from "./etcd-watches.ts";
import { EtcdWire } from "./etcd-wire.ts";
import { findCompacted } from "./find-compacted.ts";
import { HeadGuard } from "./head-guard.ts";
import { HeadReader } from "./head-reader.ts";
import { KeySpace } from "./key-space.ts";
import { LeaseIds } from "./lease-ids.ts";
import { allWrites, isReadOnly, writesOf } from "./txn-writes.ts";

/**
 * The MVCC store in an etcd cluster. Revisions are the cluster's: those of others who write to it,
 * outside of the prefix, are gaps here.
 */
export class EtcdMvccStore implements MvccStore {
  readonly leases: LeaseStore;
  readonly #members: EtcdMembers;
  readonly #guard: HeadGuard;
  readonly #calls: EtcdCalls;
  readonly #wire: EtcdWire;
  readonly #absentKey: Buffer;
  readonly #watches: EtcdWatches;
  readonly #heads: HeadReader;
  readonly #closing = new AbortController();
  readonly #writing = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;
  #compacted: Revision = 0;

  /** @throws {UnavailableError} The file at `headMemoryPath` is damaged. */
  constructor(target: EtcdTarget, headMemoryPath: string | undefined) {
    const keys = new KeySpace(target.prefix);
    const ids = new LeaseIds();
    const closing = this.#closing.signal;
    const onLost = (error: RevisionsLostError): void => this.#break(error);
    this.#members = new EtcdMembers(target);
    this.#guard = new HeadGuard(headMemoryPath, (revision, call) =>
      this.#watches.headFound(revision, call),
    );
    this.#absentKey = keys.toWire(Buffer.of(0));
    const shared = { members: this.#members, guard: this.#guard, closing, onLost };
    this.#calls = new EtcdCalls({ ...shared, absentKey: this.#absentKey });
    this.#wire = new EtcdWire(keys, ids);
    this.#heads = new HeadReader(() => this.#calls.readHead());
    const readHead = (): Promise<Revision> => this.#heads.read();
    this.#watches = new EtcdWatches({ ...shared, wire: this.#wire, readHead });
    this.leases = new EtcdLeases({
      calls: this.#calls,
      members: this.#members,
      keys,
      ids,
      closing,
      settle: (revision) => this.#watches.settle(allWrites, revision),
    });
  }

  async range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    this.#checkOpen(signal);
    checkRange(request);
    const isLinearizable = !request.serializable;
    const wire = this.#wire.planRange(request);
    try {
      const intent = { kind: "read", isLinearizable, signal } as const;
      return this.#wire.tellRange(await this.#calls.call(etcdMethods.range, wire, intent));
    } catch (error) {
      throw await this.#explain(error, [request.revision ?? 0]);
    }
  }

  async txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult> {
    this.#checkOpen(signal);
    checkTxn(request);
    if (isReadOnly(request))
      return this.#run(request, { kind: "read", isLinearizable: true, signal });
    const written = this.#write(request, signal);
    this.#writing.add(written);
    try {
      return await written;
    } finally {
      this.#writing.delete(written);
    }
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    this.#checkOpen(undefined);
    checkRange(request);
    return this.#watches.open(request, listener);
  }

  async compact(revision: Revision, signal?: AbortSignal): Promise<void> {
    this.#checkOpen(signal);
    const request = { revision, physical: false };
    const intent = { kind: "write", isLinearizable: true, signal } as const;
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#calls.call(etcdMethods.compact, request, intent);
        this.#noteCompacted(revision);
        return;
      } catch (error) {
        if (error instanceof OutcomeUnknownError && attempt < 2) continue;
        const explained = await this.#explain(error, [revision]);
        const isDone = explained instanceof CompactedError && attempt > 0;
        if (!isDone) throw explained;
        return;
      }
    }
  }

  headRevision(): Promise<Revision> {
    return this.#heads.read();
  }

  async status(signal?: AbortSignal): Promise<StoreStatus> {
    this.#checkOpen(signal);
    const [revision, compacted, member] = await Promise.all([
      this.#heads.read(),
      this.#readCompacted(),
      this.#readMember(signal),
    ]);
    return {
      revision,
      compacted,
      sizeBytes: member?.dbSize ?? 0,
      driver: "etcd",
      clusterId: this.#guard.clusterId,
    };
  }

  /** The version of the member that is used; absent where our user may not know. @throws {UnavailableError} */
  async readVersion(): Promise<string | undefined> {
    return (await this.#readMember())?.version;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new UnavailableError("Cannot use the store as it is closed"));
    await Promise.allSettled(this.#writing);
    this.#watches.end(new UnavailableError("Cannot watch on as the store is closed"));
    this.#guard.flush();
    await this.#members[Symbol.asyncDispose]();
  }

  async #write(request: TxnRequest, signal: AbortSignal | undefined): Promise<TxnResult> {
    const result = await this.#run(request, { kind: "write", isLinearizable: true, signal });
    await this.#watches.settle(writesOf(request, result), result.revision);
    return result;
  }

  async #run(request: TxnRequest, intent: CallIntent): Promise<TxnResult> {
    const wire = this.#wire.planTxn(request);
    try {
      return this.#wire.tellTxn(await this.#calls.call(etcdMethods.txn, wire, intent));
    } catch (error) {
      throw await this.#explain(error, revisionsOf([...request.success, ...request.failure]));
    }
  }

  /** Only etcd's root may ask a member for its state. */
  async #readMember(signal?: AbortSignal): Promise<StatusResponse | undefined> {
    try {
      const intent = { kind: "read", isLinearizable: false, signal } as const;
      return await this.#calls.call(etcdMethods.status, {}, intent);
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (isGrpcError(cause, "PERMISSION_DENIED")) return undefined;
      throw error;
    }
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    this.#closing.signal.throwIfAborted();
    signal?.throwIfAborted();
  }

  /** Nothing is served any more: what was acknowledged is gone. */
  #break(error: RevisionsLostError): void {
    this.#closing.abort(error);
    this.#watches.end(error);
  }

  /** An error with the revisions that etcd leaves out. */
  async #explain(error: unknown, asked: readonly Revision[]): Promise<unknown> {
    if (!(error instanceof RevisionRefused)) return error;
    if (error.kind === "future") {
      return new FutureRevisionError(Math.max(...asked), await this.#heads.read());
    }
    const requested = Math.min(...asked.filter((revision) => revision > 0));
    return new CompactedError(requested, await this.#readCompacted());
  }

  #noteCompacted(compacted: Revision): void {
    this.#compacted = Math.max(this.#compacted, compacted);
  }

  /** etcd tells how far it is compacted only to a watch that comes too late. */
  async #readCompacted(): Promise<Revision> {
    const { kind } = await this.#readAt(Math.max(1, this.#compacted));
    if (kind === "compacted") {
      const openStream = (): ReturnType<EtcdWatches["openStream"]> =>
        this.#members.openStream(etcdMethods.watch);
      this.#noteCompacted(await findCompacted(this.#absentKey, openStream));
    }
    return this.#compacted;
  }

  async #readAt(
    revision: Revision,
  ): Promise<{ readonly kind: "readable" | "compacted" | "future" }> {
    const wire = this.#wire.planRange({ key: Buffer.of(0), revision, countOnly: true });
    try {
      await this.#calls.call(etcdMethods.range, wire, { kind: "read", isLinearizable: true });
      return { kind: "readable" };
    } catch (error) {
      if (error instanceof RevisionRefused) return { kind: error.kind };
      throw error;
    }
  }
}

function revisionsOf(operations: readonly Operation[]): readonly Revision[] {
  return operations.flatMap((operation) => {
    if (operation.kind === "range") return [operation.revision ?? 0];
    if (operation.kind !== "txn") return [];
    return revisionsOf([...operation.success, ...operation.failure]);
  });
}
