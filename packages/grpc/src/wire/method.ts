import type { Codec } from "../codec/codec.ts";

/** Which side of a call sends one message, and which a stream of them. */
export type MethodKind = "unary" | "clientStream" | "serverStream" | "bidi";

/** A method of a service, as both sides know it. */
export interface Method<Request, Response, Kind extends MethodKind = MethodKind> {
  readonly kind: Kind;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

/** One request, one response. */
export type UnaryMethod<Request, Response> = Method<Request, Response, "unary">;
/** A stream of requests, one response. */
export type ClientStreamMethod<Request, Response> = Method<Request, Response, "clientStream">;
/** One request, a stream of responses. */
export type ServerStreamMethod<Request, Response> = Method<Request, Response, "serverStream">;
/** A stream each way. */
export type BidiMethod<Request, Response> = Method<Request, Response, "bidi">;
