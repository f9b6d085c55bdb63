import type { JsonObject } from "../meta/json-value.ts";

/**
 * Why a request failed, and the HTTP status code of each reason.
 *
 * Names and codes are Kubernetes' own: apimachinery `pkg/apis/meta/v1/types.go`, `StatusReason`.
 */
export const statusCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 504,
  Timeout: 504,
} as const;

/** One of Kubernetes' reasons. */
export type StatusReason = keyof typeof statusCodes;

/** One cause of a failure: which rule, which field, in words. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** `Status.details`. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** What a `StatusError` is made with. `code` and an absent reason only where Kubernetes has it so. */
export interface StatusErrorOptions {
  readonly details?: StatusDetails;
  readonly code?: number;
  readonly cause?: unknown;
}

/** The only error that crosses the API border; any other becomes `InternalError` there. */
export class StatusError extends Error {
  override readonly name: string = "StatusError";
  /** Empty for the few answers that Kubernetes gives without one. */
  readonly reason: StatusReason | "";
  readonly details: StatusDetails | undefined;
  /** The HTTP status code. */
  readonly code: number;

  constructor(reason: StatusReason | "", message: string, options: StatusErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.details = options.details;
    this.code = options.code ?? (reason === "" ? 500 : statusCodes[reason]);
  }

  /** Wraps anything thrown. What was thrown stays in `cause`, for the log and never the wire. */
  static from(thrown: unknown): StatusError {
    if (thrown instanceof StatusError) return thrown;
    return new StatusError("InternalError", "Internal error occurred", { cause: thrown });
  }

  /** The `Status` object of the wire. */
  toStatus(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: { ...this.details } as JsonObject }),
      code: this.code,
    };
  }
}

/** Whether `thrown` is the API error with this reason. */
export function isStatus(thrown: unknown, reason: StatusReason): thrown is StatusError {
  return thrown instanceof StatusError && thrown.reason === reason;
}
