import {
  compactionRequest,
  type CompactionRequest,
  empty,
  type Empty,
  headerOnly,
  type HeaderOnly,
  leaseGrantRequest,
  type LeaseGrantRequest,
  leaseGrantResponse,
  type LeaseGrantResponse,
  leaseIdRequest,
  type LeaseIdRequest,
  leaseKeepAliveResponse,
  type LeaseKeepAliveResponse,
  leaseLeasesResponse,
  type LeaseLeasesResponse,
  leaseTimeToLiveRequest,
  type LeaseTimeToLiveRequest,
  leaseTimeToLiveResponse,
  type LeaseTimeToLiveResponse,
  rangeRequest,
  type RangeRequest,
  rangeResponse,
  type RangeResponse,
  type ResponseHeader,
  responseHeader,
  statusResponse,
  type StatusResponse,
  txnRequest,
  type TxnRequest,
  txnResponse,
  type TxnResponse,
  watchRequest,
  type WatchRequest,
  watchResponse,
  type WatchResponse,
} from "@cellplane/etcd-api";
import {
  type BidiMethod,
  type Codec,
  field,
  messageType,
  type MessageType,
  nested,
  optional,
  text,
  type UnaryMethod,
} from "@cellplane/grpc";

/** `etcdserverpb.AuthenticateRequest`. */
export interface AuthenticateRequest {
  readonly name: string;
  readonly password: string;
}

/** `etcdserverpb.AuthenticateResponse`. */
export interface AuthenticateResponse {
  readonly header: ResponseHeader | undefined;
  readonly token: string;
}

const authenticateRequest: MessageType<AuthenticateRequest> = messageType<AuthenticateRequest>({
  name: field(1, text),
  password: field(2, text),
});

const authenticateResponse: MessageType<AuthenticateResponse> = messageType<AuthenticateResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  token: field(2, text),
});

function unary<Request, Response>(
  path: string,
  request: Codec<Request>,
  response: Codec<Response>,
): UnaryMethod<Request, Response> {
  return { kind: "unary", path: `/etcdserverpb.${path}`, request, response };
}

/** The methods of etcd's API that the driver calls. */
export const etcdMethods: {
  readonly range: UnaryMethod<RangeRequest, RangeResponse>;
  readonly txn: UnaryMethod<TxnRequest, TxnResponse>;
  readonly compact: UnaryMethod<CompactionRequest, HeaderOnly>;
  readonly watch: BidiMethod<WatchRequest, WatchResponse>;
  readonly status: UnaryMethod<Empty, StatusResponse>;
  readonly authenticate: UnaryMethod<AuthenticateRequest, AuthenticateResponse>;
  readonly leaseGrant: UnaryMethod<LeaseGrantRequest, LeaseGrantResponse>;
  readonly leaseRevoke: UnaryMethod<LeaseIdRequest, HeaderOnly>;
  readonly leaseKeepAlive: BidiMethod<LeaseIdRequest, LeaseKeepAliveResponse>;
  readonly leaseTimeToLive: UnaryMethod<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse>;
  readonly leaseLeases: UnaryMethod<Empty, LeaseLeasesResponse>;
} = {
  range: unary("KV/Range", rangeRequest, rangeResponse),
  txn: unary("KV/Txn", txnRequest, txnResponse),
  compact: unary("KV/Compact", compactionRequest, headerOnly),
  watch: {
    kind: "bidi",
    path: "/etcdserverpb.Watch/Watch",
    request: watchRequest,
    response: watchResponse,
  },
  status: unary("Maintenance/Status", empty, statusResponse),
  authenticate: unary("Auth/Authenticate", authenticateRequest, authenticateResponse),
  leaseGrant: unary("Lease/LeaseGrant", leaseGrantRequest, leaseGrantResponse),
  leaseRevoke: unary("Lease/LeaseRevoke", leaseIdRequest, headerOnly),
  leaseKeepAlive: {
    kind: "bidi",
    path: "/etcdserverpb.Lease/LeaseKeepAlive",
    request: leaseIdRequest,
    response: leaseKeepAliveResponse,
  },
  leaseTimeToLive: unary("Lease/LeaseTimeToLive", leaseTimeToLiveRequest, leaseTimeToLiveResponse),
  leaseLeases: unary("Lease/LeaseLeases", empty, leaseLeasesResponse),
};
