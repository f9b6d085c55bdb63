export { type Codec, type MessageType, rawBytes } from "./codec/codec.ts";
export { field, type Field, list, map, type OneOf, oneOf, optional } from "./codec/fields.ts";
export {
  bigInt64,
  bigUint64,
  bool,
  bytes,
  double,
  fixed64,
  int32,
  int64,
  type Kind,
  nested,
  text,
  uint32,
  uint64,
  wideInt64,
} from "./codec/kinds.ts";
export { type FieldsOf, messageType } from "./codec/message-type.ts";
export { WireError } from "./codec/wire-error.ts";
export { WireReader } from "./codec/wire-reader.ts";
export { WireWriter } from "./codec/wire-writer.ts";
export { GrpcError, type GrpcErrorOptions, isGrpcError, type Metadata } from "./wire/grpc-error.ts";
export type {
  BidiMethod,
  ClientStreamMethod,
  Method,
  MethodKind,
  ServerStreamMethod,
  UnaryMethod,
} from "./wire/method.ts";
export { statusCodes, type StatusName } from "./wire/status-code.ts";
export type { KeepAlive } from "./call/keep-alive.ts";
export type { MessageSink } from "./call/message-sink.ts";
export type { Flow, MessageHandler, MessageSource } from "./call/message-source.ts";
export type { CallOptions } from "./client/call-options.ts";
export type { ClientCall } from "./client/client-call.ts";
export { GrpcChannel, type GrpcChannelOptions } from "./client/grpc-channel.ts";
export { GrpcServer, type GrpcServerOptions, type ListenAddress } from "./server/grpc-server.ts";
export {
  type GrpcHandler,
  handleBidi,
  handleClientStream,
  handleServerStream,
  handleUnary,
} from "./server/handlers.ts";
export type { PlainHandler, PlainRequest, PlainResponse } from "./server/plain-request.ts";
export type { CallErrorReporter } from "./server/call-settings.ts";
export type { Peer, ServerCall } from "./server/server-call.ts";
