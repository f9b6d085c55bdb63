import {
  bool,
  bytes,
  field,
  int32,
  int64,
  list,
  nested,
  optional,
  messageType,
  type MessageType,
  wideInt64,
} from "@cellplane/grpc";
import {
  type ResponseHeader,
  type WireKeyValue,
  responseHeader,
  wireKeyValue,
} from "./shared-messages.ts";

/** `etcdserverpb.RangeRequest`. */
export interface RangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly limit: number;
  readonly revision: number;
  readonly sortOrder: number;
  readonly sortTarget: number;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

/** Its type on the wire. */
export const rangeRequest: MessageType<RangeRequest> = messageType<RangeRequest>({
  key: field(1, bytes),
  rangeEnd: field(2, bytes),
  limit: field(3, int64),
  revision: field(4, int64),
  sortOrder: field(5, int32),
  sortTarget: field(6, int32),
  serializable: field(7, bool),
  keysOnly: field(8, bool),
  countOnly: field(9, bool),
  minModRevision: field(10, int64),
  maxModRevision: field(11, int64),
  minCreateRevision: field(12, int64),
  maxCreateRevision: field(13, int64),
});

/** `etcdserverpb.RangeResponse`. */
export interface RangeResponse {
  readonly header: ResponseHeader | undefined;
  readonly kvs: readonly WireKeyValue[];
  readonly more: boolean;
  readonly count: number;
}

/** Its type on the wire. */
export const rangeResponse: MessageType<RangeResponse> = messageType<RangeResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  kvs: list(
    2,
    nested(() => wireKeyValue),
  ),
  more: field(3, bool),
  count: field(4, int64),
});

/** `etcdserverpb.PutRequest`. */
export interface PutRequest {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly lease: number | bigint;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

/** Its type on the wire. */
export const putRequest: MessageType<PutRequest> = messageType<PutRequest>({
  key: field(1, bytes),
  value: field(2, bytes),
  lease: field(3, wideInt64),
  prevKv: field(4, bool),
  ignoreValue: field(5, bool),
  ignoreLease: field(6, bool),
});

/** `etcdserverpb.PutResponse`. */
export interface PutResponse {
  readonly header: ResponseHeader | undefined;
  readonly prevKv: WireKeyValue | undefined;
}

/** Its type on the wire. */
export const putResponse: MessageType<PutResponse> = messageType<PutResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  prevKv: optional(
    2,
    nested(() => wireKeyValue),
  ),
});

/** `etcdserverpb.DeleteRangeRequest`. */
export interface DeleteRangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly prevKv: boolean;
}

/** Its type on the wire. */
export const deleteRangeRequest: MessageType<DeleteRangeRequest> = messageType<DeleteRangeRequest>({
  key: field(1, bytes),
  rangeEnd: field(2, bytes),
  prevKv: field(3, bool),
});

/** `etcdserverpb.DeleteRangeResponse`. */
export interface DeleteRangeResponse {
  readonly header: ResponseHeader | undefined;
  readonly deleted: number;
  readonly prevKvs: readonly WireKeyValue[];
}

/** Its type on the wire. */
export const deleteRangeResponse: MessageType<DeleteRangeResponse> =
  messageType<DeleteRangeResponse>({
    header: optional(
      1,
      nested(() => responseHeader),
    ),
    deleted: field(2, int64),
    prevKvs: list(
      3,
      nested(() => wireKeyValue),
    ),
  });

/** `etcdserverpb.CompactionRequest`. */
export interface CompactionRequest {
  readonly revision: number;
  readonly physical: boolean;
}

/** Its type on the wire. */
export const compactionRequest: MessageType<CompactionRequest> = messageType<CompactionRequest>({
  revision: field(1, int64),
  physical: field(2, bool),
});
