import {
  compactionRequest,
  headerOnly,
  putRequest,
  rangeRequest,
  type RangeRequest,
  rangeResponse,
  type RangeResponse,
  requestOp,
  compare,
  txnRequest,
  txnResponse,
  type TxnResponse,
  watchCreateRequest,
  watchRequest,
  watchResponse,
} from "../../../packages/etcd-api/src/index.ts";
import { BenchChannel } from "./bench-channel.ts";
import { type BenchClient, endOfPrefix, inTxns } from "./bench-client.ts";

const modTarget = 2;

const kv = <Request, Response>(
  name: string,
  types: { readonly request: Request; readonly response: Response },
): { readonly kind: "unary"; readonly path: string } & typeof types => ({
  kind: "unary",
  path: `/etcdserverpb.KV/${name}`,
  ...types,
});
const rangeMethod = kv("Range", { request: rangeRequest, response: rangeResponse });
const txnMethod = kv("Txn", { request: txnRequest, response: txnResponse });
const compactMethod = kv("Compact", { request: compactionRequest, response: headerOnly });
const watchMethod = {
  kind: "bidi",
  path: "/etcdserverpb.Watch/Watch",
  request: watchRequest,
  response: watchResponse,
} as const;

/** A server of etcd's API: a real etcd or `cellplane etcd`, by the same client. */
export class EtcdClient implements BenchClient {
  readonly #channels: readonly BenchChannel[];
  #next = 0;

  /** Clients take turns among a few connections, since an HTTP/2 session is served by one thread. */
  constructor(target: string, connections = 4) {
    this.#channels = Array.from({ length: connections }, () => new BenchChannel(target));
  }

  async put(key: Buffer, value: Buffer): Promise<number> {
    const { header } = await this.#txn({ success: [putOp(key, value)] });
    return header?.revision ?? 0;
  }

  async update(key: Buffer, value: Buffer, modRevision: number): Promise<number> {
    const answer = await this.#txn({
      compare: [
        compare.create({ key, target: modTarget, operand: { kind: "mod", value: modRevision } }),
      ],
      success: [putOp(key, value)],
      failure: [
        requestOp.create({ request: { kind: "range", value: rangeRequest.create({ key }) } }),
      ],
    });
    if (!answer.succeeded) throw new Error(`${key.toString()} is not at ${modRevision}`);
    return answer.header?.revision ?? 0;
  }

  fill(keys: readonly Buffer[], value: Buffer): Promise<void> {
    return inTxns(keys, (part) => this.#txn({ success: part.map((key) => putOp(key, value)) }));
  }

  async get(key: Buffer): Promise<number> {
    return (await this.#range({ key, limit: 1 })).kvs[0]?.modRevision ?? 0;
  }

  async list(prefix: string, limit: number): Promise<number> {
    const range = { key: Buffer.from(prefix), rangeEnd: endOfPrefix(prefix) };
    return (await this.#range({ ...range, limit })).kvs.length;
  }

  async count(prefix: string): Promise<number> {
    const range = { key: Buffer.from(prefix), rangeEnd: endOfPrefix(prefix) };
    return (await this.#range({ ...range, countOnly: true })).count;
  }

  async head(): Promise<number> {
    return (await this.#range({ key: Buffer.from("nothing"), limit: 1 })).header?.revision ?? 0;
  }

  async watch(prefix: string, onEvent: (revision: number) => void): Promise<{ close(): void }> {
    const value = watchCreateRequest.create({
      key: Buffer.from(prefix),
      rangeEnd: endOfPrefix(prefix),
      prevKv: true,
    });
    const created = Promise.withResolvers<void>();
    const call = this.#channel().bidi(watchMethod, (response) => {
      if (response.created) created.resolve();
      for (const event of response.events) onEvent(event.kv?.modRevision ?? 0);
    });
    call.send({ request: { kind: "create", value } });
    await created.promise;
    return { close: () => call.cancel() };
  }

  async compact(revision: number): Promise<void> {
    await this.#channel().unary(compactMethod, { revision, physical: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.#channels) await channel[Symbol.asyncDispose]();
  }

  #channel(): BenchChannel {
    const channel = this.#channels[this.#next++ % this.#channels.length];
    if (!channel) throw new Error("A client needs a connection");
    return channel;
  }

  #range(fields: Partial<RangeRequest>): Promise<RangeResponse> {
    return this.#channel().unary(rangeMethod, rangeRequest.create(fields));
  }

  #txn(fields: Partial<Parameters<typeof txnRequest.create>[0]>): Promise<TxnResponse> {
    return this.#channel().unary(txnMethod, txnRequest.create(fields));
  }
}

function putOp(key: Buffer, value: Buffer): ReturnType<typeof requestOp.create> {
  const put = putRequest.create({ key, value, prevKv: false });
  return requestOp.create({ request: { kind: "put", value: put } });
}
