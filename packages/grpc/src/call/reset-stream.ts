import type { Http2Stream } from "node:http2";

/**
 * Resets a stream. Not by `close` alone: Node.js then ends the stream first, as if all had been
 * sent, and the peer may take what it has for the whole.
 */
export function resetStream(stream: Http2Stream, code: number): void {
  if (!stream.writableEnded) Object.defineProperty(stream, "end", { value: () => stream });
  stream.close(code);
}
