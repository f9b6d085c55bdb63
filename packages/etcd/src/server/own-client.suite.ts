import {
  putRequest,
  putResponse,
  type PutResponse,
  rangeRequest,
  type RangeRequest,
  rangeResponse,
  type RangeResponse,
  txnRequest,
  type TxnRequest,
  txnResponse,
  type TxnResponse,
  watchCreateRequest,
  type WatchCreateRequest,
  watchRequest,
  type WatchRequest,
  watchResponse,
  type WatchResponse,
} from "@cellplane/etcd-api";
import { type ClientCall, GrpcChannel, type MessageType, type Metadata } from "@cellplane/grpc";
import { type EngineOptions, type MvccStore, openMemoryStore } from "@cellplane/kv";
import type { EtcdLimits } from "../context/etcd-limits.ts";
import { createEtcdServer } from "./create-etcd-server.ts";

const callWithinMs = 30_000;

/** A facade over a store, in memory unless one is given, and a client of it. */
export class OwnClient implements AsyncDisposable {
  readonly store: MvccStore;
  readonly url: string;
  readonly #channel: GrpcChannel;
  readonly #opened: AsyncDisposableStack;

  private constructor(store: MvccStore, url: string, opened: AsyncDisposableStack) {
    this.store = store;
    this.url = url;
    this.#opened = opened;
    this.#channel = opened.use(new GrpcChannel({ target: url, maxReceiveBytes: 64 * 2 ** 20 }));
  }

  static async open(
    options: EngineOptions & {
      readonly progressNotifyIntervalMs?: number;
      readonly limits?: Partial<EtcdLimits>;
      /** Served in place of one in memory; goes with the client. */
      readonly store?: MvccStore;
    } = {},
  ): Promise<OwnClient> {
    const opened = new AsyncDisposableStack();
    const store = opened.use(options.store ?? (await openMemoryStore(options)));
    const server = await createEtcdServer(store, {
      ...options,
      clientUrls: ["http://me"],
      onError: (error) => {
        throw error;
      },
    });
    opened.use(server);
    const bound = await server.listen({ host: "127.0.0.1", port: 0 });
    const url = "port" in bound ? `http://127.0.0.1:${bound.port}` : "";
    return new OwnClient(store, url, opened);
  }

  /** Another client of the same facade, on a connection of its own. */
  async connect(): Promise<OwnClient> {
    return new OwnClient(this.store, this.url, new AsyncDisposableStack());
  }

  call<Request, Response>(
    path: string,
    types: {
      readonly request: MessageType<Request>;
      readonly response: MessageType<Response>;
    },
    fields: Partial<Request>,
  ): Promise<Response> {
    const method = { kind: "unary", path: `/etcdserverpb.${path}`, ...types } as const;
    const timeoutMs = callWithinMs;
    return this.#channel.unary(method, types.request.create(fields), { timeoutMs });
  }

  put(key: string, value: string): Promise<PutResponse> {
    const fields = { key: Buffer.from(key), value: Buffer.from(value) };
    return this.call("KV/Put", { request: putRequest, response: putResponse }, fields);
  }

  range(fields: Partial<RangeRequest>): Promise<RangeResponse> {
    return this.call("KV/Range", { request: rangeRequest, response: rangeResponse }, fields);
  }

  txn(fields: Partial<TxnRequest>): Promise<TxnResponse> {
    return this.call("KV/Txn", { request: txnRequest, response: txnResponse }, fields);
  }

  watch(metadata: Metadata = {}): OwnWatchStream {
    const path = "/etcdserverpb.Watch/Watch";
    const types = { request: watchRequest, response: watchResponse };
    return new OwnWatchStream(this.#channel.bidi({ kind: "bidi", path, ...types }, { metadata }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

/** A watch stream, seen by a client. */
export class OwnWatchStream {
  readonly #call: ClientCall<WatchRequest, WatchResponse>;

  constructor(call: ClientCall<WatchRequest, WatchResponse>) {
    this.#call = call;
  }

  create(key: string, fields: Partial<WatchCreateRequest> = {}): void {
    const value = watchCreateRequest.create({ key: Buffer.from(key), ...fields });
    this.#call.send({ request: { kind: "create", value } });
  }

  cancel(watchId: number): void {
    this.#call.send({ request: { kind: "cancel", value: { watchId } } });
  }

  askProgress(): void {
    this.#call.send({ request: { kind: "progress", value: {} } });
  }

  /** The next answer, as `ID@REVISION` and what it says. */
  async next(): Promise<string> {
    return textOf(await this.read());
  }

  /** The next answer. */
  async read(): Promise<WatchResponse> {
    const response = await this.#call.read();
    if (!response) throw new Error("The stream has ended");
    return response;
  }

  end(): void {
    this.#call.end();
  }

  close(): void {
    this.#call.cancel();
  }
}

function textOf(response: WatchResponse): string {
  const words = [`${response.watchId}@${response.header?.revision}`];
  if (response.created) words.push("created");
  if (response.canceled) words.push("canceled");
  if (response.compactRevision) words.push(`compacted=${response.compactRevision}`);
  if (response.cancelReason) words.push(response.cancelReason);
  for (const { type, kv, prevKv } of response.events) {
    const was = prevKv ? `(${Buffer.from(prevKv.value).toString()})` : "";
    const key = Buffer.from(kv?.key ?? []).toString();
    const value = type === 0 ? `=${Buffer.from(kv?.value ?? []).toString()}` : "";
    words.push(`${type === 0 ? "+" : "-"}${key}${value}${was}`);
  }
  return words.join(" ");
}
