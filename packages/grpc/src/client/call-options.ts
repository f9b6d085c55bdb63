import type { Metadata } from "../wire/grpc-error.ts";

/** What a single call may be told. */
export interface CallOptions {
  readonly metadata?: Metadata;
  /** After this many milliseconds the call fails with DEADLINE_EXCEEDED; the server is told, too. */
  readonly timeoutMs?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** Told the server's first metadata. */
  readonly onHeaders?: (metadata: Metadata) => void;
  /** Told the metadata that came with the status of a call that succeeded. */
  readonly onTrailers?: (metadata: Metadata) => void;
}
