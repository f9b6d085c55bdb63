import {
  bigUint64,
  bool,
  bytes,
  field,
  int32,
  int64,
  list,
  nested,
  optional,
  text,
  uint32,
  messageType,
  type MessageType,
} from "@cellplane/grpc";
import { type ResponseHeader, responseHeader } from "./shared-messages.ts";

/** `etcdserverpb.AlarmRequest`. */
export interface AlarmRequest {
  readonly action: number;
  readonly memberId: bigint;
  readonly alarm: number;
}

/** Its type on the wire. */
export const alarmRequest: MessageType<AlarmRequest> = messageType<AlarmRequest>({
  action: field(1, int32),
  memberId: field(2, bigUint64),
  alarm: field(3, int32),
});

/** `etcdserverpb.AlarmMember`. */
export interface AlarmMember {
  readonly memberId: bigint;
  readonly alarm: number;
}

/** Its type on the wire. */
export const alarmMember: MessageType<AlarmMember> = messageType<AlarmMember>({
  memberId: field(1, bigUint64),
  alarm: field(2, int32),
});

/** `etcdserverpb.AlarmResponse`. */
export interface AlarmResponse {
  readonly header: ResponseHeader | undefined;
  readonly alarms: readonly AlarmMember[];
}

/** Its type on the wire. */
export const alarmResponse: MessageType<AlarmResponse> = messageType<AlarmResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  alarms: list(
    2,
    nested(() => alarmMember),
  ),
});

/** `etcdserverpb.StatusResponse`. */
export interface StatusResponse {
  readonly header: ResponseHeader | undefined;
  readonly version: string;
  readonly dbSize: number;
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly dbSizeInUse: number;
  readonly isLearner: boolean;
  readonly storageVersion: string;
  readonly dbSizeQuota: number;
}

/** Its type on the wire. */
export const statusResponse: MessageType<StatusResponse> = messageType<StatusResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  version: field(2, text),
  dbSize: field(3, int64),
  leader: field(4, bigUint64),
  raftIndex: field(5, int64),
  raftTerm: field(6, int64),
  raftAppliedIndex: field(7, int64),
  errors: list(8, text),
  dbSizeInUse: field(9, int64),
  isLearner: field(10, bool),
  storageVersion: field(11, text),
  dbSizeQuota: field(12, int64),
});

/** `etcdserverpb.HashKVRequest`. */
export interface HashKvRequest {
  readonly revision: number;
}

/** Its type on the wire. */
export const hashKvRequest: MessageType<HashKvRequest> = messageType<HashKvRequest>({
  revision: field(1, int64),
});

/** `etcdserverpb.HashKVResponse`. */
export interface HashKvResponse {
  readonly header: ResponseHeader | undefined;
  readonly hash: number;
  readonly compactRevision: number;
  readonly hashRevision: number;
}

/** Its type on the wire. */
export const hashKvResponse: MessageType<HashKvResponse> = messageType<HashKvResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  hash: field(2, uint32),
  compactRevision: field(3, int64),
  hashRevision: field(4, int64),
});

/** `etcdserverpb.HashResponse`. */
export interface HashResponse {
  readonly header: ResponseHeader | undefined;
  readonly hash: number;
}

/** Its type on the wire. */
export const hashResponse: MessageType<HashResponse> = messageType<HashResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  hash: field(2, uint32),
});

/** `etcdserverpb.SnapshotResponse`. */
export interface SnapshotResponse {
  readonly header: ResponseHeader | undefined;
  readonly remainingBytes: number;
  readonly blob: Uint8Array;
  readonly version: string;
}

/** Its type on the wire. */
export const snapshotResponse: MessageType<SnapshotResponse> = messageType<SnapshotResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  remainingBytes: field(2, int64),
  blob: field(3, bytes),
  version: field(4, text),
});
