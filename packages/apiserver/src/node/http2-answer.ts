import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { ApiResponse, ResponseSink } from "../request/api-response.ts";
import { noUpgrade } from "./no-upgrade.ts";
import { writeChunks } from "./write-chunks.ts";

/** Writes an answer to an HTTP/2 stream. */
export function answerHttp2(
  stream: ServerHttp2Stream,
  response: ApiResponse,
  method: string,
): ResponseSink | void {
  if (stream.destroyed || stream.closed) return undefined;
  const { status, body } = response;
  const headers = { ":status": status, ...response.headers } as OutgoingHttpHeaders;
  if (!Buffer.isBuffer(body) && body.kind === "upgrade") throw noUpgrade();
  if (Buffer.isBuffer(body)) {
    headers["content-length"] = body.length;
    if (method === "HEAD") {
      stream.respond(headers, { endStream: true });
      return undefined;
    }
    stream.respond(headers);
    stream.end(body);
    return undefined;
  }
  stream.respond(headers);
  if (body.kind === "chunks") {
    writeChunks(stream, body.chunks);
    return undefined;
  }
  const sink = sinkOf(stream);
  body.open(sink);
  return sink;
}

function sinkOf(stream: ServerHttp2Stream): ResponseSink {
  return {
    write: (bytes) => !stream.destroyed && stream.write(bytes),
    end: () => void stream.end(),
    abort: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    onDrain: (listener) => void stream.on("drain", listener),
    onClose: (listener) => void stream.once("close", listener),
  };
}
