import type { StatusName } from "./status-code.ts";

/** Headers or trailers of a call: lower-case names; those ending in `-bin` have bytes as values. */
export type Metadata = Readonly<Record<string, string | Uint8Array | readonly string[]>>;

/** What a failed call knows besides its status. */
export interface GrpcErrorOptions extends ErrorOptions {
  /** The trailers of the answer, or those to send. */
  readonly metadata?: Metadata;
  /** True only if the server surely did not see the call, so that it can be repeated safely. */
  readonly isUnseen?: boolean;
}

/** A call that failed, on either side. A server's handler throws it to answer with a status. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly status: StatusName;
  readonly metadata: Metadata;
  readonly isUnseen: boolean;

  constructor(status: StatusName, message: string, options: GrpcErrorOptions = {}) {
    super(message, options);
    this.status = status;
    this.metadata = options.metadata ?? {};
    this.isUnseen = options.isUnseen ?? false;
  }
}

/** Whether something thrown is a GrpcError, with this status if one is given. */
export function isGrpcError(thrown: unknown, status?: StatusName): thrown is GrpcError {
  return thrown instanceof GrpcError && (status === undefined || thrown.status === status);
}
