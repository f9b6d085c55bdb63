import {
  bool,
  bytes,
  field,
  int64,
  list,
  nested,
  optional,
  text,
  wideInt64,
  messageType,
  type MessageType,
} from "@cellplane/grpc";
import { type ResponseHeader, responseHeader } from "./shared-messages.ts";

/** `etcdserverpb.LeaseGrantRequest`. */
export interface LeaseGrantRequest {
  readonly ttl: number;
  readonly id: number | bigint;
}

/** Its type on the wire. */
export const leaseGrantRequest: MessageType<LeaseGrantRequest> = messageType<LeaseGrantRequest>({
  ttl: field(1, int64),
  id: field(2, wideInt64),
});

/** `etcdserverpb.LeaseGrantResponse`. */
export interface LeaseGrantResponse {
  readonly header: ResponseHeader | undefined;
  readonly id: number | bigint;
  readonly ttl: number;
  readonly error: string;
}

/** Its type on the wire. */
export const leaseGrantResponse: MessageType<LeaseGrantResponse> = messageType<LeaseGrantResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  id: field(2, wideInt64),
  ttl: field(3, int64),
  error: field(4, text),
});

/** `etcdserverpb.LeaseRevokeRequest` and `LeaseKeepAliveRequest`. */
export interface LeaseIdRequest {
  readonly id: number | bigint;
}

/** Its type on the wire. */
export const leaseIdRequest: MessageType<LeaseIdRequest> = messageType<LeaseIdRequest>({
  id: field(1, wideInt64),
});

/** `etcdserverpb.LeaseKeepAliveResponse`. */
export interface LeaseKeepAliveResponse {
  readonly header: ResponseHeader | undefined;
  readonly id: number | bigint;
  readonly ttl: number;
}

/** Its type on the wire. */
export const leaseKeepAliveResponse: MessageType<LeaseKeepAliveResponse> =
  messageType<LeaseKeepAliveResponse>({
    header: optional(
      1,
      nested(() => responseHeader),
    ),
    id: field(2, wideInt64),
    ttl: field(3, int64),
  });

/** `etcdserverpb.LeaseTimeToLiveRequest`. */
export interface LeaseTimeToLiveRequest {
  readonly id: number | bigint;
  readonly keys: boolean;
}

/** Its type on the wire. */
export const leaseTimeToLiveRequest: MessageType<LeaseTimeToLiveRequest> =
  messageType<LeaseTimeToLiveRequest>({
    id: field(1, wideInt64),
    keys: field(2, bool),
  });

/** `etcdserverpb.LeaseTimeToLiveResponse`. */
export interface LeaseTimeToLiveResponse {
  readonly header: ResponseHeader | undefined;
  readonly id: number | bigint;
  readonly ttl: number;
  readonly grantedTtl: number;
  readonly keys: readonly Uint8Array[];
}

/** Its type on the wire. */
export const leaseTimeToLiveResponse: MessageType<LeaseTimeToLiveResponse> =
  messageType<LeaseTimeToLiveResponse>({
    header: optional(
      1,
      nested(() => responseHeader),
    ),
    id: field(2, wideInt64),
    ttl: field(3, int64),
    grantedTtl: field(4, int64),
    keys: list(5, bytes),
  });

/** `etcdserverpb.LeaseStatus`. */
export interface LeaseStatus {
  readonly id: number | bigint;
}

/** Its type on the wire. */
export const leaseStatus: MessageType<LeaseStatus> = messageType<LeaseStatus>({
  id: field(1, wideInt64),
});

/** `etcdserverpb.LeaseLeasesResponse`. */
export interface LeaseLeasesResponse {
  readonly header: ResponseHeader | undefined;
  readonly leases: readonly LeaseStatus[];
}

/** Its type on the wire. */
export const leaseLeasesResponse: MessageType<LeaseLeasesResponse> =
  messageType<LeaseLeasesResponse>({
    header: optional(
      1,
      nested(() => responseHeader),
    ),
    leases: list(
      2,
      nested(() => leaseStatus),
    ),
  });
