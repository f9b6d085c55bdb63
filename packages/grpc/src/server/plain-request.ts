import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream, IncomingHttpHeaders as Http2Headers } from "node:http2";
import type { Http2Stream } from "../http2/http2-stream.ts";
import { fieldsOf } from "./own-call-stream.ts";

/** A request that is no gRPC call, over HTTP/1.1 or HTTP/2. */
export interface PlainRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** The answer to one. */
export interface PlainResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Answers what is no gRPC call: `/health`, `/metrics` and the like. */
export type PlainHandler = (request: PlainRequest) => Promise<PlainResponse> | PlainResponse;

const maxBodyBytes = 2 * 1024 * 1024;
const tooLarge: PlainResponse = { status: 413, body: "request body too large\n" };
const broken: PlainResponse = { status: 500, body: "internal error\n" };

/** Serves an HTTP/1.1 request. */
export async function servePlainHttp1(
  request: IncomingMessage,
  response: ServerResponse,
  handle: PlainHandler,
): Promise<void> {
  const { method = "GET", url = "/", headers } = request;
  const answer = await answerTo(request, { method, path: url, headers }, handle);
  response.writeHead(answer.status, { ...answer.headers });
  response.end(method === "HEAD" ? undefined : answer.body);
}

/** Serves an HTTP/2 request. */
export async function servePlainHttp2(
  stream: ServerHttp2Stream,
  headers: Http2Headers,
  handle: PlainHandler,
): Promise<void> {
  const method = headers[":method"] ?? "GET";
  const answer = await answerTo(stream, { method, path: headers[":path"] ?? "/", headers }, handle);
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ":status": answer.status, ...answer.headers });
  stream.end(method === "HEAD" ? undefined : answer.body);
}

/** Serves a request on a stream of our own HTTP/2. */
export function servePlainOwn(
  stream: Http2Stream,
  headers: Http2Headers,
  handle: PlainHandler,
): void {
  const method = headers[":method"] ?? "GET";
  const chunks: Buffer[] = [];
  let length = 0;
  let isAnswered = false;
  const answer = async (): Promise<void> => {
    if (isAnswered) return;
    isAnswered = true;
    const head = { method, path: headers[":path"] ?? "/", headers };
    const { status, headers: own, body = "" } = await answerTo(chunks, head, handle);
    const fields = fieldsOf({ ":status": status, ...own });
    if (method === "HEAD") return stream.end(fields);
    stream.sendHeaders(fields);
    stream.write(Buffer.from(body));
    stream.end();
  };
  stream.listen({
    onData: (chunk) => {
      length += chunk.length;
      if (!isAnswered) chunks.push(chunk);
      if (length > maxBodyBytes) void answer();
    },
    onEnd: () => void answer(),
    onClose: () => undefined,
  });
}

async function answerTo(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  head: Omit<PlainRequest, "body">,
  handle: PlainHandler,
): Promise<PlainResponse> {
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of source) {
      length += chunk.length;
      if (length > maxBodyBytes) return tooLarge;
      chunks.push(chunk);
    }
    return await handle({ ...head, body: Buffer.concat(chunks) });
  } catch {
    return broken;
  }
}
