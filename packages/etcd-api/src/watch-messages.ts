import {
  bool,
  bytes,
  field,
  int32,
  int64,
  list,
  nested,
  optional,
  text,
  messageType,
  type MessageType,
  oneOf,
  type OneOf,
} from "@cellplane/grpc";
import {
  type ResponseHeader,
  type WireKeyValue,
  type Empty,
  responseHeader,
  wireKeyValue,
  empty,
} from "./shared-messages.ts";

/** `etcdserverpb.WatchCreateRequest`. */
export interface WatchCreateRequest {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly startRevision: number;
  readonly progressNotify: boolean;
  readonly filters: readonly number[];
  readonly prevKv: boolean;
  readonly watchId: number;
  readonly fragment: boolean;
}

/** Its type on the wire. */
export const watchCreateRequest: MessageType<WatchCreateRequest> = messageType<WatchCreateRequest>({
  key: field(1, bytes),
  rangeEnd: field(2, bytes),
  startRevision: field(3, int64),
  progressNotify: field(4, bool),
  filters: list(5, int32),
  prevKv: field(6, bool),
  watchId: field(7, int64),
  fragment: field(8, bool),
});

/** `etcdserverpb.WatchCancelRequest`. */
export interface WatchCancelRequest {
  readonly watchId: number;
}

/** Its type on the wire. */
export const watchCancelRequest: MessageType<WatchCancelRequest> = messageType<WatchCancelRequest>({
  watchId: field(1, int64),
});

/** What a watch stream is asked for. */
export interface WatchCases {
  readonly create: WatchCreateRequest;
  readonly cancel: WatchCancelRequest;
  readonly progress: Empty;
}

/** `etcdserverpb.WatchRequest`. */
export interface WatchRequest {
  readonly request: OneOf<WatchCases> | undefined;
}

/** Its type on the wire. */
export const watchRequest: MessageType<WatchRequest> = messageType<WatchRequest>({
  request: oneOf<WatchCases>({
    create: [1, nested(() => watchCreateRequest)],
    cancel: [2, nested(() => watchCancelRequest)],
    progress: [3, nested(() => empty)],
  }),
});

/** `mvccpb.Event`: type 0 is a put, 1 a delete. */
export interface WireEvent {
  readonly type: number;
  readonly kv: WireKeyValue | undefined;
  readonly prevKv: WireKeyValue | undefined;
}

/** Its type on the wire. */
export const wireEvent: MessageType<WireEvent> = messageType<WireEvent>({
  type: field(1, int32),
  kv: optional(
    2,
    nested(() => wireKeyValue),
  ),
  prevKv: optional(
    3,
    nested(() => wireKeyValue),
  ),
});

/** `etcdserverpb.WatchResponse`. */
export interface WatchResponse {
  readonly header: ResponseHeader | undefined;
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly WireEvent[];
}

/** Its type on the wire. */
export const watchResponse: MessageType<WatchResponse> = messageType<WatchResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  watchId: field(2, int64),
  created: field(3, bool),
  canceled: field(4, bool),
  compactRevision: field(5, int64),
  cancelReason: field(6, text),
  fragment: field(7, bool),
  events: list(
    11,
    nested(() => wireEvent),
  ),
});
