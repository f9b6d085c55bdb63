/** gRPC's status codes. */
export const statusCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The name of a status code. */
export type StatusName = keyof typeof statusCodes;

const names: readonly StatusName[] = Object.keys(statusCodes) as StatusName[];

/** The name of a code; a code that gRPC does not have is UNKNOWN. */
export function statusNameOf(code: number): StatusName {
  return names[code] ?? "UNKNOWN";
}

/** The status of an answer that is plain HTTP, no gRPC (gRPC over HTTP2, "HTTP/2 status mapping"). */
export function statusOfHttp(status: number): StatusName {
  if (status === 400) return "INTERNAL";
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 403) return "PERMISSION_DENIED";
  if (status === 404) return "UNIMPLEMENTED";
  return [429, 502, 503, 504].includes(status) ? "UNAVAILABLE" : "UNKNOWN";
}
