import type { Duplex } from "node:stream";

/** An answer. The listener adds `Date`, `Content-Length` and what the protocol needs. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: ResponseBody;
}

/**
 * All bytes, bytes made as they are sent, a stream that goes on until either side ends it, or the
 * connection itself.
 */
export type ResponseBody = Buffer | ChunkedBody | StreamedBody | UpgradedBody;

/** A big answer in slices, made between writes so that other requests get their turn. */
export interface ChunkedBody {
  readonly kind: "chunks";
  readonly chunks: Iterable<Buffer>;
}

/** An answer without an end of its own: a watch. */
export interface StreamedBody {
  readonly kind: "stream";
  /** Called once the head has been sent. */
  readonly open: (sink: ResponseSink) => void;
}

/** An answer to a request with `isUpgrade`: the connection goes over to another protocol. */
export interface UpgradedBody {
  readonly kind: "upgrade";
  /** Takes the connection, and writes all of the answer; `head`: what the client has sent already. */
  readonly take: (socket: Duplex, head: Buffer) => void;
}

/** Where a stream writes. */
export interface ResponseSink {
  /** False: the client does not keep up; `onDrain` tells when it has. */
  write(bytes: Buffer): boolean;
  /** Ends the stream cleanly. */
  end(): void;
  /** Breaks the stream off, so that the client sees that it is not whole; absent: as `end`. */
  abort?(reason: unknown): void;
  onDrain(listener: () => void): void;
  /** Called once, when the client or `end()` has ended the stream. */
  onClose(listener: () => void): void;
}

/** Reads a body as one buffer; a stream has none. */
export function isBuffer(body: ResponseBody): body is Buffer {
  return Buffer.isBuffer(body);
}
