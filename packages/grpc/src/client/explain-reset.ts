import { constants } from "node:http2";
import { GrpcError } from "../wire/grpc-error.ts";
import type { StatusName } from "../wire/status-code.ts";

const statusOfReset: Readonly<Record<number, StatusName>> = {
  [constants.NGHTTP2_REFUSED_STREAM]: "UNAVAILABLE",
  [constants.NGHTTP2_CANCEL]: "CANCELLED",
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: "RESOURCE_EXHAUSTED",
  [constants.NGHTTP2_INADEQUATE_SECURITY]: "PERMISSION_DENIED",
};

/** The status of a call whose stream was reset, or closed without a status. */
export function explainReset(code: number | undefined, cause: unknown): GrpcError {
  const status = statusOfReset[code ?? 0] ?? "INTERNAL";
  const why =
    code === undefined || code === constants.NGHTTP2_NO_ERROR
      ? "The server ended the call without a status"
      : `The server reset the call with HTTP/2 error ${code}`;
  return new GrpcError(status, why, {
    cause,
    isUnseen: code === constants.NGHTTP2_REFUSED_STREAM,
  });
}
