import {
  compactionRequest,
  compare,
  deleteRangeRequest,
  deleteRangeResponse,
  headerOnly,
  leaseGrantRequest,
  leaseGrantResponse,
  leaseIdRequest,
  leaseKeepAliveResponse,
  putRequest,
  putResponse,
  rangeRequest,
  rangeResponse,
  requestOp,
  txnRequest,
  txnResponse,
  watchRequest,
  watchResponse,
} from "@cellplane/etcd-api";
import { type CallOptions, GrpcChannel, type MessageType } from "@cellplane/grpc";
import {
  type Lease,
  type LeaseStore,
  type MvccStore,
  type RangeRequest,
  type RangeResult,
  type Revision,
  type StoreStatus,
  type TxnRequest,
  type TxnResult,
  UnavailableError,
  type Watch,
  type WatchListener,
  type WatchRequest,
} from "@cellplane/kv";
import { fromWireError } from "./wire-errors.ts";
import {
  keyValueOf,
  rangeOf,
  tellRange,
  tellResults,
  toWireCompare,
  toWireOps,
} from "./wire-messages.ts";
import { openWireWatch } from "./wire-watch.ts";

const callTimeoutMs = 15_000;

interface Types<Request, Response> {
  readonly request: MessageType<Request>;
  readonly response: MessageType<Response>;
}

const rangeTypes = { request: rangeRequest, response: rangeResponse };
const putTypes = { request: putRequest, response: putResponse };
const deleteTypes = { request: deleteRangeRequest, response: deleteRangeResponse };
const txnTypes = { request: txnRequest, response: txnResponse };
const compactTypes = { request: compactionRequest, response: headerOnly };
const grantTypes = { request: leaseGrantRequest, response: leaseGrantResponse };
const revokeTypes = { request: leaseIdRequest, response: headerOnly };

/** A server of etcd's API as a store: each transaction by the call that clients would take for it. */
export class WireStore implements MvccStore {
  readonly leases: LeaseStore;
  readonly #channel: GrpcChannel;

  constructor(target: string) {
    this.#channel = new GrpcChannel({
      target,
      maxReceiveBytes: 64 * 2 ** 20,
      connectTimeoutMs: 3000,
    });
    this.leases = this.#leases();
  }

  async range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    const response = await this.#call("KV/Range", rangeTypes, rangeOf(request), signal);
    return tellRange(response);
  }

  async txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult> {
    const { compare: compares, success, failure } = request;
    const [only] = success;
    if (compares.length === 0 && success.length === 1 && failure.length === 0) {
      if (only?.kind === "put") return this.#put(only, signal);
      if (only?.kind === "delete") return this.#delete(only, signal);
    }
    const fields = {
      compare: compares.map((one) => compare.create(toWireCompare(one))),
      success: toWireOps(success).map((one) => requestOp.create(one)),
      failure: toWireOps(failure).map((one) => requestOp.create(one)),
    };
    const { header, succeeded, responses } = await this.#call("KV/Txn", txnTypes, fields, signal);
    const revision = header?.revision ?? 0;
    return { succeeded, revision, results: tellResults(responses, revision) };
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    const call = this.#channel.bidi({
      kind: "bidi",
      path: "/etcdserverpb.Watch/Watch",
      request: watchRequest,
      response: watchResponse,
    });
    return openWireWatch(call, request, listener);
  }

  async compact(revision: Revision, signal?: AbortSignal): Promise<void> {
    await this.#call("KV/Compact", compactTypes, { revision }, signal);
  }

  async headRevision(): Promise<Revision> {
    return (await this.range({ key: Buffer.from("nothing") })).revision;
  }

  status(): Promise<StoreStatus> {
    return Promise.reject(new UnavailableError("Cannot tell the status by these calls"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }

  async #put(
    put: Extract<TxnRequest["success"][number], { kind: "put" }>,
    signal: AbortSignal | undefined,
  ): Promise<TxnResult> {
    const { key, value, lease = 0, previous = false } = put;
    const fields = { key, value, lease, prevKv: previous };
    const { header, prevKv } = await this.#call("KV/Put", putTypes, fields, signal);
    const result = prevKv ? { previous: keyValueOf(prevKv) } : {};
    return {
      succeeded: true,
      revision: header?.revision ?? 0,
      results: [{ kind: "put", ...result }],
    };
  }

  async #delete(
    remove: Extract<TxnRequest["success"][number], { kind: "delete" }>,
    signal: AbortSignal | undefined,
  ): Promise<TxnResult> {
    const { key, end, previous = false } = remove;
    const fields = { key, prevKv: previous, ...(end ? { rangeEnd: end } : {}) };
    const response = await this.#call("KV/DeleteRange", deleteTypes, fields, signal);
    const { header, deleted, prevKvs } = response;
    return {
      succeeded: true,
      revision: header?.revision ?? 0,
      results: [{ kind: "delete", deleted, previous: prevKvs.map(keyValueOf) }],
    };
  }

  #leases(): LeaseStore {
    return {
      grant: async ({ id, ttlSeconds }) => {
        const fields = { id, ttl: ttlSeconds };
        const granted = await this.#call("Lease/LeaseGrant", grantTypes, fields, undefined);
        return { id, ttlSeconds: granted.ttl };
      },
      revoke: async (id) => {
        const { header } = await this.#call("Lease/LeaseRevoke", revokeTypes, { id }, undefined);
        return header?.revision ?? 0;
      },
      keepAlive: (id) => this.#keepAlive(id),
      timeToLive: () => Promise.resolve(undefined),
      list: () => Promise.resolve([]),
    };
  }

  async #keepAlive(id: number): Promise<Lease | undefined> {
    const path = "/etcdserverpb.Lease/LeaseKeepAlive";
    const types = { request: leaseIdRequest, response: leaseKeepAliveResponse };
    try {
      const call = this.#channel.bidi(
        { kind: "bidi", path, ...types },
        { timeoutMs: callTimeoutMs },
      );
      call.send({ id });
      const answer = await call.read();
      call.cancel();
      return answer && answer.ttl > 0 ? { id, ttlSeconds: answer.ttl } : undefined;
    } catch (error) {
      throw fromWireError(error);
    }
  }

  async #call<Request, Response>(
    path: string,
    types: Types<Request, Response>,
    fields: Partial<Request>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const method = { kind: "unary", path: `/etcdserverpb.${path}`, ...types } as const;
    const options: CallOptions = { timeoutMs: callTimeoutMs, ...(signal ? { signal } : {}) };
    try {
      return await this.#channel.unary(method, types.request.create(fields), options);
    } catch (error) {
      throw fromWireError(error);
    }
  }
}
