import {
  watchCreateRequest,
  type WatchRequest as WireRequest,
  type WatchResponse,
  type WireEvent,
} from "@cellplane/etcd-api";
import type { ClientCall } from "@cellplane/grpc";
import {
  CompactedError,
  UnavailableError,
  type Watch,
  type WatchEvent,
  type WatchListener,
  type WatchRequest,
} from "@cellplane/kv";
import { keyValueOf } from "./wire-messages.ts";

/** A listener that is told when its watch stands. */
export interface OpenedListener extends WatchListener {
  onOpened?(): void;
}

const noPut = 0;
const noDelete = 1;

/** A watch on a stream of its own. */
export function openWireWatch(
  call: ClientCall<WireRequest, WatchResponse>,
  request: WatchRequest,
  listener: OpenedListener,
): Watch {
  const value = watchCreateRequest.create({
    key: request.key,
    startRevision: request.startRevision ?? 0,
    prevKv: request.previous ?? false,
    fragment: true,
    filters: [...(request.noPut ? [noPut] : []), ...(request.noDelete ? [noDelete] : [])],
    ...(request.end ? { rangeEnd: request.end } : {}),
  });
  call.send({ request: { kind: "create", value } });
  let isEnded = false;
  const end = (error?: Error): void => {
    if (isEnded) return;
    isEnded = true;
    call.cancel();
    listener.onEnd(error);
  };
  let parts: WireEvent[] = [];
  const flow = call.consume({
    onMessage: (response) => {
      if (isEnded) return;
      if (response.created && !response.canceled) listener.onOpened?.();
      if (response.canceled) return end(reasonOf(response));
      parts.push(...response.events);
      if (response.fragment) return;
      const events = parts.map(eventOf);
      parts = [];
      const revision = response.header?.revision ?? 0;
      const last = events.at(-1)?.kv.modRevision;
      if (last !== undefined) listener.onBatch({ revision: last, events });
      else if (!response.created) listener.onProgress?.(revision);
    },
    onEnd: (error) => end(new UnavailableError(error?.message ?? "The stream has ended")),
  });
  return {
    requestProgress: () => void call.send({ request: { kind: "progress", value: {} } }),
    pause: () => flow.pause(),
    resume: () => flow.resume(),
    close: () => end(),
  };
}

function reasonOf({ compactRevision, cancelReason }: WatchResponse): Error {
  if (compactRevision > 0) return new CompactedError(0, compactRevision);
  return new UnavailableError(`The watch was cancelled: ${cancelReason}`);
}

function eventOf({ type, kv, prevKv }: WireEvent): WatchEvent {
  if (!kv) throw new Error("An event lacks its key");
  return {
    kind: type === 0 ? "put" : "delete",
    kv: keyValueOf(kv),
    ...(prevKv ? { previous: keyValueOf(prevKv) } : {}),
  };
}
