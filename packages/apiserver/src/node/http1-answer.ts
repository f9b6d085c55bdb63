import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { ApiResponse, ResponseSink } from "../request/api-response.ts";
import { noUpgrade } from "./no-upgrade.ts";
import { writeChunks } from "./write-chunks.ts";

/** Writes an answer over HTTP/1.1. */
export function answerHttp1(answer: ServerResponse, response: ApiResponse): ResponseSink | void {
  if (answer.destroyed) return undefined;
  const { status, body } = response;
  const headers = { ...response.headers } as OutgoingHttpHeaders;
  if (!Buffer.isBuffer(body) && body.kind === "upgrade") throw noUpgrade();
  if (Buffer.isBuffer(body)) {
    headers["content-length"] = body.length;
    answer.writeHead(status, headers);
    answer.end(body);
    return undefined;
  }
  answer.writeHead(status, headers);
  if (body.kind === "chunks") {
    writeChunks(answer, body.chunks);
    return undefined;
  }
  answer.flushHeaders();
  const sink = sinkOf(answer);
  body.open(sink);
  return sink;
}

function sinkOf(answer: ServerResponse): ResponseSink {
  return {
    write: (bytes) => !answer.destroyed && answer.write(bytes),
    end: () => void answer.end(),
    abort: () => void answer.destroy(),
    onDrain: (listener) => void answer.on("drain", listener),
    onClose: (listener) => void answer.once("close", listener),
  };
}
