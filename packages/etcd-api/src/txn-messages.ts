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
  oneOf,
  type OneOf,
  wideInt64,
} from "@cellplane/grpc";
import {
  type DeleteRangeRequest,
  deleteRangeRequest,
  type DeleteRangeResponse,
  deleteRangeResponse,
  type PutRequest,
  putRequest,
  type PutResponse,
  putResponse,
  type RangeRequest,
  rangeRequest,
  type RangeResponse,
  rangeResponse,
} from "./kv-messages.ts";
import { type ResponseHeader, responseHeader } from "./shared-messages.ts";

/** `etcdserverpb.Compare`. */
export interface Compare {
  readonly result: number;
  readonly target: number;
  readonly key: Uint8Array;
  readonly operand: OneOf<CompareOperand> | undefined;
  readonly rangeEnd: Uint8Array;
}

/** Its type on the wire. */
export const compare: MessageType<Compare> = messageType<Compare>({
  result: field(1, int32),
  target: field(2, int32),
  key: field(3, bytes),
  operand: oneOf<CompareOperand>({
    version: [4, int64],
    create: [5, int64],
    mod: [6, int64],
    value: [7, bytes],
    lease: [8, wideInt64],
  }),
  rangeEnd: field(64, bytes),
});

/** What a compare compares with. */
export interface CompareOperand {
  readonly version: number;
  readonly create: number;
  readonly mod: number;
  readonly value: Uint8Array;
  readonly lease: number | bigint;
}

/** The operations of a transaction. */
export interface RequestCases {
  readonly range: RangeRequest;
  readonly put: PutRequest;
  readonly delete: DeleteRangeRequest;
  readonly txn: TxnRequest;
}

/** What operations answer. */
export interface ResponseCases {
  readonly range: RangeResponse;
  readonly put: PutResponse;
  readonly delete: DeleteRangeResponse;
  readonly txn: TxnResponse;
}

/** `etcdserverpb.RequestOp`. */
export interface RequestOp {
  readonly request: OneOf<RequestCases> | undefined;
}

/** Its type on the wire. */
export const requestOp: MessageType<RequestOp> = messageType<RequestOp>({
  request: oneOf<RequestCases>({
    range: [1, nested(() => rangeRequest)],
    put: [2, nested(() => putRequest)],
    delete: [3, nested(() => deleteRangeRequest)],
    txn: [4, nested(() => txnRequest)],
  }),
});

/** `etcdserverpb.ResponseOp`. */
export interface ResponseOp {
  readonly response: OneOf<ResponseCases> | undefined;
}

/** Its type on the wire. */
export const responseOp: MessageType<ResponseOp> = messageType<ResponseOp>({
  response: oneOf<ResponseCases>({
    range: [1, nested(() => rangeResponse)],
    put: [2, nested(() => putResponse)],
    delete: [3, nested(() => deleteRangeResponse)],
    txn: [4, nested(() => txnResponse)],
  }),
});

/** `etcdserverpb.TxnRequest`. */
export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

/** Its type on the wire. */
export const txnRequest: MessageType<TxnRequest> = messageType<TxnRequest>({
  compare: list(
    1,
    nested(() => compare),
  ),
  success: list(
    2,
    nested(() => requestOp),
  ),
  failure: list(
    3,
    nested(() => requestOp),
  ),
});

/** `etcdserverpb.TxnResponse`. */
export interface TxnResponse {
  readonly header: ResponseHeader | undefined;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

/** Its type on the wire. */
export const txnResponse: MessageType<TxnResponse> = messageType<TxnResponse>({
  header: optional(
    1,
    nested(() => responseHeader),
  ),
  succeeded: field(2, bool),
  responses: list(
    3,
    nested(() => responseOp),
  ),
});
