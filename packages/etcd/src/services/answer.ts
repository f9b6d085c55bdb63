import type { Codec, UnaryMethod } from "@cellplane/grpc";
import { type GrpcHandler, handleUnary } from "@cellplane/grpc";
import { toEtcdError } from "../context/etcd-error.ts";

/** A unary method of `etcdserverpb`, or of the whole path that is given, with what the store throws told as etcd does. */
export function answer<Request, Response>(
  path: string,
  { request, response }: { readonly request: Codec<Request>; readonly response: Codec<Response> },
  handle: (request: Request, signal: AbortSignal) => Promise<Response>,
): GrpcHandler {
  const method: UnaryMethod<Request, Response> = {
    kind: "unary",
    path: path.startsWith("/") ? path : `/etcdserverpb.${path}`,
    request,
    response,
  };
  return handleUnary(method, async (message, call) => {
    try {
      return await handle(message, call.signal);
    } catch (error) {
      throw toEtcdError(error);
    }
  });
}
