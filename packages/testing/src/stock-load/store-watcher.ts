import { isDeepStrictEqual } from "node:util";
import {
  rangeRequest,
  rangeResponse,
  type WatchCreateRequest,
  watchCreateRequest,
  watchRequest,
  type WatchRequest,
  watchResponse,
  type WatchResponse,
  type WireEvent,
  type WireKeyValue,
} from "@cellplane/etcd-api";
import { abortableDelay } from "@cellplane/client";
import { type ClientCall, GrpcChannel } from "@cellplane/grpc";
import type { ThingState } from "./thing.ts";
import type { Observer, SeenEvent, Segment } from "./watcher.ts";

const prefix = "/registry/apiextensions.kubernetes.io/example.com/things/load/";
const prefixEnd = `${prefix.slice(0, -1)}0`;
const pauseMs = 100;
const askProgressMs = 1000;
const maxBytes = 256 * 2 ** 20;

/** A client of etcd's API that watches where kube-apiserver stores, and resumes after each loss. */
export class StoreWatcher implements Observer {
  readonly segments: Segment[] = [];
  readonly state: Map<string, ThingState> = new Map<string, ThingState>();
  relists = 0;
  reconnects = 0;
  readonly #url: string;
  readonly #fault: (what: string) => void;
  /** Parts of a revision whose rest is still to come. */
  #isInFragment = false;

  constructor(url: string, fault: (what: string) => void) {
    this.#url = url;
    this.#fault = fault;
  }

  async run(signal: AbortSignal): Promise<void> {
    await using channel = new GrpcChannel({ target: this.#url, maxReceiveBytes: maxBytes });
    let segment: Segment | undefined;
    while (!signal.aborted) {
      try {
        segment ??= await this.#list(channel);
        const isCompacted = await this.#watch(channel, segment, signal);
        if (isCompacted) segment = undefined;
      } catch {
        this.reconnects += 1;
      }
      await abortableDelay(pauseMs, signal).catch(() => undefined);
    }
  }

  async #list(channel: GrpcChannel): Promise<Segment> {
    const path = "/etcdserverpb.KV/Range";
    const method = { kind: "unary", path, request: rangeRequest, response: rangeResponse } as const;
    const range = { key: Buffer.from(prefix), rangeEnd: Buffer.from(prefixEnd) };
    const { header, kvs } = await channel.unary(method, rangeRequest.create(range));
    const revision = header?.revision ?? 0;
    const last = this.segments.at(-1)?.to ?? 0;
    if (revision < last) this.#fault(`The store went back from revision ${last} to ${revision}`);
    this.relists += 1;
    this.state.clear();
    for (const kv of kvs) this.state.set(nameOf(kv), stateOf(kv));
    const segment = { from: revision, to: revision, events: [] };
    this.segments.push(segment);
    return segment;
  }

  /** Watches until the stream ends; tells whether history was gone. */
  async #watch(channel: GrpcChannel, segment: Segment, signal: AbortSignal): Promise<boolean> {
    const call = openWatch(channel, { startRevision: segment.to + 1 }, signal);
    const asking = setInterval(() => {
      call.send({ request: { kind: "progress", value: {} } });
    }, askProgressMs);
    this.#isInFragment = false;
    try {
      for await (const response of call) {
        if (response.canceled) return response.compactRevision > 0;
        this.#take(segment, response);
      }
      return false;
    } finally {
      clearInterval(asking);
      call.cancel();
    }
  }

  #take(segment: Segment, { events, header, created, fragment }: WatchResponse): void {
    for (const event of events) this.#event(segment, event);
    this.#isInFragment = fragment;
    // Progress: everything up to there has been handed over.
    if (events.length === 0 && !created) segment.to = Math.max(segment.to, header?.revision ?? 0);
  }

  #event(segment: Segment, { type, kv, prevKv }: WireEvent): void {
    if (!kv) return this.#fault("An event of the store has no key");
    const isDelete = type === 1;
    const key = nameOf(kv);
    const revision = kv.modRevision;
    const isNext = revision > segment.to || (this.#isInFragment && revision === segment.to);
    if (!isNext) this.#fault(`A watch of the store went from ${segment.to} to ${revision}`);
    const before = this.state.get(key);
    const previous = prevKv ? stateOf(prevKv) : undefined;
    if (!isDeepStrictEqual(previous, before)) {
      this.#fault(
        `Before ${revision}, ${key} was ${told(before)}, and the event says ${told(previous)}`,
      );
    }
    segment.to = revision;
    const event: SeenEvent = isDelete
      ? { key, revision, write: before?.write ?? "", isDelete }
      : { key, ...stateOf(kv), isDelete };
    segment.events.push(event);
    if (isDelete) this.state.delete(key);
    else this.state.set(key, stateOf(kv));
  }
}

function openWatch(
  channel: GrpcChannel,
  fields: Partial<WatchCreateRequest>,
  signal: AbortSignal,
): ClientCall<WatchRequest, WatchResponse> {
  const path = "/etcdserverpb.Watch/Watch";
  const method = { kind: "bidi", path, request: watchRequest, response: watchResponse } as const;
  const call = channel.bidi(method, { signal, metadata: { hasleader: "true" } });
  const range = { key: Buffer.from(prefix), rangeEnd: Buffer.from(prefixEnd) };
  const value = watchCreateRequest.create({ ...range, prevKv: true, fragment: true, ...fields });
  call.send({ request: { kind: "create", value } });
  return call;
}

function nameOf({ key }: WireKeyValue): string {
  return Buffer.from(key).toString().slice(prefix.length);
}

function stateOf({ value, modRevision }: WireKeyValue): ThingState {
  const { spec } = JSON.parse(Buffer.from(value).toString()) as {
    readonly spec?: { readonly write?: string };
  };
  return { revision: modRevision, write: spec?.write ?? "" };
}

function told(state: ThingState | undefined): string {
  return state ? `${state.write}@${state.revision}` : "absent";
}
