import {
  bigUint64,
  bool,
  field,
  int32,
  int64,
  list,
  nested,
  optional,
  text,
  messageType,
  type MessageType,
} from "@cellplane/grpc";
import { type ResponseHeader, responseHeader } from "./shared-messages.ts";

/** `etcdserverpb.Member`. */
export interface Member {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** Its type on the wire. */
export const member: MessageType<Member> = messageType<Member>({
  id: field(1, bigUint64),
  name: field(2, text),
  peerUrls: list(3, text),
  clientUrls: list(4, text),
  isLearner: field(5, bool),
});

/** `etcdserverpb.MemberListResponse`. */
export interface MemberListResponse {
  readonly header: ResponseHeader | undefined;
  readonly members: readonly Member[];
}

/** Its type on the wire. */
export const memberListResponse: MessageType<MemberListResponse> = messageType<MemberListResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  members: list(
    2,
    nested(() => member),
  ),
});

/** `etcdserverpb.AuthStatusResponse`. */
export interface AuthStatusResponse {
  readonly header: ResponseHeader | undefined;
  readonly enabled: boolean;
  readonly authRevision: number;
}

/** Its type on the wire. */
export const authStatusResponse: MessageType<AuthStatusResponse> = messageType<AuthStatusResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  enabled: field(2, bool),
  authRevision: field(3, int64),
});

/** `grpc.health.v1.HealthCheckResponse`: status 1 is serving. */
export interface HealthCheckResponse {
  readonly status: number;
}

/** Its type on the wire. */
export const healthCheckResponse: MessageType<HealthCheckResponse> =
  messageType<HealthCheckResponse>({
    status: field(1, int32),
  });

/** `etcdserverpb.MemberRemoveRequest`, and what `MemberUpdateRequest` and `MemberPromoteRequest` begin with. */
export interface MemberIdRequest {
  readonly id: bigint;
}

/** Its type on the wire. */
export const memberIdRequest: MessageType<MemberIdRequest> = messageType<MemberIdRequest>({
  id: field(1, bigUint64),
});
