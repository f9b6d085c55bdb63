import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { WireWriter } from "../codec/wire-writer.ts";
import type { CallConnection, CallStream, CallStreamListener } from "./call-stream.ts";

/** A call on a stream of `node:http2`. */
export class NodeCallStream implements CallStream {
  readonly connection: CallConnection;
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    const { session } = stream;
    this.connection = {
      identity: session ?? this,
      get socket() {
        return session?.destroyed === false ? session.socket : undefined;
      },
      close: () => session?.close(),
      destroy: () => session?.destroy(),
    };
    stream.on("error", () => {
      // Its reason, if any, is told by `close`.
    });
  }

  get isClosed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  listen(listener: CallStreamListener): void {
    const stream = this.#stream;
    stream.on("data", (chunk: Buffer) => listener.onData(chunk));
    // A stream that was reset ends, too; it must not look as if the client had sent all.
    stream.once("end", () => {
      if (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      listener.onEnd();
    });
    stream.once("close", () => listener.onClose(stream.rstCode ?? constants.NGHTTP2_NO_ERROR));
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  respond(headers: OutgoingHttpHeaders): void {
    this.#stream.respond(headers, { waitForTrailers: true });
  }

  write(bytes: Buffer, done?: () => void): void {
    this.#stream.write(bytes, done);
  }

  writeMessage(encode: (to: WireWriter) => void): void {
    const writer = new WireWriter();
    encode(writer);
    this.#stream.write(writer.take());
  }

  finish(rest: Buffer, trailers: OutgoingHttpHeaders): void {
    const stream = this.#stream;
    stream.once("wantTrailers", () => {
      stream.sendTrailers(trailers);
      this.#release();
    });
    if (rest.length > 0) stream.end(rest);
    else stream.end();
  }

  refuse(headers: OutgoingHttpHeaders): void {
    this.#stream.respond(headers, { endStream: true });
    this.#release();
  }

  /** The client may still be sending: tell it that nobody listens, and let go of what came. */
  #release(): void {
    const stream = this.#stream;
    stream.resume();
    if (!stream.readableEnded && !stream.endAfterHeaders) {
      setImmediate(() => {
        if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
      });
    }
  }
}
