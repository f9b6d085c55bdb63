import {
  bigUint64,
  bytes,
  field,
  int64,
  messageType,
  type MessageType,
  nested,
  optional,
  wideInt64,
} from "@cellplane/grpc";

/** `etcdserverpb.ResponseHeader`. */
export interface ResponseHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: number;
  readonly raftTerm: number;
}

/** Its type on the wire. */
export const responseHeader: MessageType<ResponseHeader> = messageType<ResponseHeader>({
  clusterId: field(1, bigUint64),
  memberId: field(2, bigUint64),
  revision: field(3, int64),
  raftTerm: field(4, int64),
});

/** `mvccpb.KeyValue`; a `KeyValue` of the store is one as it is. */
export interface WireKeyValue {
  readonly key: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly value: Uint8Array;
  /** Others may have chosen an id beyond 2⁵³. */
  readonly lease: number | bigint;
}

/** Its type on the wire. */
export const wireKeyValue: MessageType<WireKeyValue> = messageType<WireKeyValue>({
  key: field(1, bytes),
  createRevision: field(2, int64),
  modRevision: field(3, int64),
  version: field(4, int64),
  value: field(5, bytes),
  lease: field(6, wideInt64),
});

/** A request without fields. */
export type Empty = object;

/** Its type on the wire. */
export const empty: MessageType<Empty> = messageType<Empty>({});

/** A response that is only a header. */
export interface HeaderOnly {
  readonly header: ResponseHeader | undefined;
}

/** Its type on the wire. */
export const headerOnly: MessageType<HeaderOnly> = messageType<HeaderOnly>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
});
