import {
  bytes,
  field,
  int64,
  messageType,
  type MessageType,
  nested,
  optional,
  wideInt64,
} from "@cellplane/grpc";
import {
  type ResponseHeader,
  responseHeader,
  type WireKeyValue,
  wireKeyValue,
} from "./shared-messages.ts";

const header = optional(
  1,
  nested(() => responseHeader),
);

/** `v3lockpb.LockRequest`. */
export interface LockRequest {
  readonly name: Uint8Array;
  /** 0: one of the server's own. */
  readonly lease: number | bigint;
}

/** Its type on the wire. */
export const lockRequest: MessageType<LockRequest> = messageType<LockRequest>({
  name: field(1, bytes),
  lease: field(2, wideInt64),
});

/** `v3lockpb.LockResponse`. */
export interface LockResponse {
  readonly header: ResponseHeader | undefined;
  /** Exists as long as the lock is held. */
  readonly key: Uint8Array;
}

/** Its type on the wire. */
export const lockResponse: MessageType<LockResponse> = messageType<LockResponse>({
  header,
  key: field(2, bytes),
});

/** `v3lockpb.UnlockRequest`. */
export interface UnlockRequest {
  readonly key: Uint8Array;
}

/** Its type on the wire. */
export const unlockRequest: MessageType<UnlockRequest> = messageType<UnlockRequest>({
  key: field(1, bytes),
});

/** `v3electionpb.CampaignRequest`. */
export interface CampaignRequest {
  readonly name: Uint8Array;
  readonly lease: number | bigint;
  readonly value: Uint8Array;
}

/** Its type on the wire. */
export const campaignRequest: MessageType<CampaignRequest> = messageType<CampaignRequest>({
  name: field(1, bytes),
  lease: field(2, wideInt64),
  value: field(3, bytes),
});

/** `v3electionpb.LeaderKey`: who was elected. */
export interface LeaderKey {
  readonly name: Uint8Array;
  readonly key: Uint8Array;
  /** The revision that made the key. */
  readonly rev: number;
  readonly lease: number | bigint;
}

/** Its type on the wire. */
export const leaderKey: MessageType<LeaderKey> = messageType<LeaderKey>({
  name: field(1, bytes),
  key: field(2, bytes),
  rev: field(3, int64),
  lease: field(4, wideInt64),
});

/** `v3electionpb.CampaignResponse`. */
export interface CampaignResponse {
  readonly header: ResponseHeader | undefined;
  readonly leader: LeaderKey | undefined;
}

/** Its type on the wire. */
export const campaignResponse: MessageType<CampaignResponse> = messageType<CampaignResponse>({
  header,
  leader: optional(
    2,
    nested(() => leaderKey),
  ),
});

/** `v3electionpb.ProclaimRequest`; `ResignRequest` is one without a value. */
export interface ProclaimRequest {
  readonly leader: LeaderKey | undefined;
  readonly value: Uint8Array;
}

/** Its type on the wire. */
export const proclaimRequest: MessageType<ProclaimRequest> = messageType<ProclaimRequest>({
  leader: optional(
    1,
    nested(() => leaderKey),
  ),
  value: field(2, bytes),
});

/** `v3electionpb.LeaderRequest`. */
export interface LeaderRequest {
  readonly name: Uint8Array;
}

/** Its type on the wire. */
export const leaderRequest: MessageType<LeaderRequest> = messageType<LeaderRequest>({
  name: field(1, bytes),
});

/** `v3electionpb.LeaderResponse`. */
export interface LeaderResponse {
  readonly header: ResponseHeader | undefined;
  readonly kv: WireKeyValue | undefined;
}

/** Its type on the wire. */
export const leaderResponse: MessageType<LeaderResponse> = messageType<LeaderResponse>({
  header,
  kv: optional(
    2,
    nested(() => wireKeyValue),
  ),
});
