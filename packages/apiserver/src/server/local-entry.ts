import { maxBodyBytes, tooLarge } from "../node/read-body.ts";
import { NodeRequest } from "../node/node-request.ts";
import { noUpgrade } from "../node/no-upgrade.ts";
import type { ApiResponse } from "../request/api-response.ts";
import type { Handler } from "../request/handler.ts";
import type { IncomingRequest, Peer } from "../request/incoming-request.ts";
import { LocalStream } from "./local-stream.ts";

/** A request from within the server's process. `path` holds the query; header names are lower-case. */
export interface LocalRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** Its answer; `body` can be read once, and whoever stops early ends the exchange. */
export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * A door to the server without socket, TLS and HTTP: what enters here takes the way of every
 * request, audit and admission included; only a status may come with a new custom resource. Rejects
 * with the signal's reason where that aborts.
 */
export type LocalEntry = (
  request: LocalRequest,
  signal: AbortSignal | undefined,
) => Promise<LocalAnswer>;

/** The local requests that a server has open. */
export class LocalEntries {
  readonly #streams = new Set<LocalStream>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** An entry to one way. */
  open(handle: Handler<IncomingRequest>): LocalEntry {
    return async (request, signal) => {
      signal?.throwIfAborted();
      // As from a socket: others get their turn in between, however many requests there are.
      await new Promise(setImmediate);
      // A signal that has aborted tells nobody again.
      signal?.throwIfAborted();
      const incoming = incomingOf(request, signal, this.#nowMs());
      const answer = await untilAborted(Promise.try(handle, incoming), signal);
      const { status, headers } = answer;
      return { status, headers, body: this.#bodyOf(answer, signal) };
    };
  }

  /** Ends the streams that are open, cleanly. */
  end(): void {
    for (const stream of this.#streams) stream.end();
  }

  #bodyOf({ body }: ApiResponse, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
    if (Buffer.isBuffer(body)) return one(body);
    if (body.kind === "upgrade") throw noUpgrade();
    if (body.kind === "chunks") return inTurns(body.chunks);
    const stream = new LocalStream();
    const abort = (): void => stream.abort(signal?.reason);
    this.#streams.add(stream);
    signal?.addEventListener("abort", abort, { once: true });
    stream.onClose(() => {
      this.#streams.delete(stream);
      signal?.removeEventListener("abort", abort);
    });
    body.open(stream);
    if (signal?.aborted) abort();
    return stream;
  }
}

const peer: Peer = {
  address: "127.0.0.1",
  certificate: undefined,
  certificateError: undefined,
};

function incomingOf(
  { method, path, headers, body = "" }: LocalRequest,
  signal: AbortSignal | undefined,
  receivedAtMs: number,
): IncomingRequest {
  return new NodeRequest({
    method,
    uri: path,
    headers,
    rawHeaders: Object.entries(headers).flat(),
    peer,
    receivedAtMs,
    body: async () => {
      const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.from(body);
      if (bytes.length > maxBodyBytes) throw tooLarge();
      return bytes;
    },
    createsStatus: true,
    onAbort: (abort) => signal?.addEventListener("abort", abort, { once: true }),
  });
}

async function* one(bytes: Buffer): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function* inTurns(chunks: Iterable<Buffer>): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) {
    yield chunk;
    await new Promise(setImmediate);
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
