import type { OutgoingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import type { WireWriter } from "../codec/wire-writer.ts";

/** Hears what comes on a call's stream. */
export interface CallStreamListener {
  onData(chunk: Buffer): void;
  /** The client has sent all. */
  onEnd(): void;
  /** The last that is heard, with HTTP/2's error code; 0: all was sent both ways. */
  onClose(code: number): void;
}

/** The connection that a call came on. */
export interface CallConnection {
  /** The same for all calls of one connection; for one of Node's it is the session. */
  readonly identity: object;
  /** Absent once it is gone. */
  readonly socket: Socket | undefined;
  /** Closes it once its calls have ended. */
  close(): void;
  destroy(): void;
}

/** What a call is served on: an HTTP/2 stream, whoever writes its frames. */
export interface CallStream {
  readonly connection: CallConnection;
  /** Nothing can be sent any more. */
  readonly isClosed: boolean;
  listen(listener: CallStreamListener): void;
  pause(): void;
  resume(): void;
  respond(headers: OutgoingHttpHeaders): void;
  /** `done` is called once the bytes are on their way. */
  write(bytes: Buffer, done?: () => void): void;
  /** Sends what `encode` writes; what it throws, after nothing was sent. */
  writeMessage(encode: (to: WireWriter) => void): void;
  /** Sends what `encode` writes if that can leave at once; false: nothing was sent. */
  tryMessage?(encode: (to: WireWriter) => void): boolean;
  /** Sends the rest and the trailers, and lets go of what the client may still be sending. */
  finish(rest: Buffer, trailers: OutgoingHttpHeaders): void;
  /** Sends headers that are all there is, and lets go likewise. */
  refuse(headers: OutgoingHttpHeaders): void;
}

/** What most calls answer, as one object each, so that it can be known again. */
export const plainHeaders: OutgoingHttpHeaders = Object.freeze({
  ":status": 200,
  "content-type": "application/grpc",
});
/** The trailers of a call that went well. */
export const plainTrailers: OutgoingHttpHeaders = Object.freeze({ "grpc-status": "0" });
