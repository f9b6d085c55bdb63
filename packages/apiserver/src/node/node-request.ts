import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { IncomingRequest, Peer } from "../request/incoming-request.ts";

const noQuery = new URLSearchParams();

/** What the two protocols know of a request. */
export interface NodeRequestParts {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  readonly receivedAtMs: number;
  readonly body: () => Promise<Buffer>;
  readonly bodyStream?: () => Readable;
  readonly isUpgrade?: boolean;
  /** Calls once when the client goes away before its answer is complete. */
  readonly onAbort: (abort: () => void) => void;
  readonly createsStatus?: boolean;
}

/** A request over HTTP/1.1 or HTTP/2. Query, audit id and abort signal are made when asked for. */
export class NodeRequest implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly uri: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  readonly receivedAtMs: number;
  readonly body: () => Promise<Buffer>;
  readonly bodyStream: () => Readable;
  readonly isUpgrade: boolean;
  readonly warnings: string[] = [];
  readonly auditId: string;
  readonly createsStatus: boolean;
  readonly #onAbort: (abort: () => void) => void;
  #signal: AbortSignal | undefined;

  constructor(parts: NodeRequestParts) {
    const { uri } = parts;
    const mark = uri.indexOf("?");
    this.method = parts.method;
    this.uri = uri;
    this.path = mark === -1 ? uri : uri.slice(0, mark);
    this.query = mark === -1 ? noQuery : new URLSearchParams(uri.slice(mark + 1));
    this.headers = parts.headers;
    this.rawHeaders = parts.rawHeaders;
    this.peer = parts.peer;
    this.receivedAtMs = parts.receivedAtMs;
    this.body = parts.body;
    this.bodyStream = parts.bodyStream ?? (() => toStream(parts.body));
    this.isUpgrade = parts.isUpgrade === true;
    this.auditId = parts.headers["audit-id"] ?? randomUUID();
    this.createsStatus = parts.createsStatus === true;
    this.#onAbort = parts.onAbort;
  }

  get signal(): AbortSignal {
    if (this.#signal) return this.#signal;
    const controller = new AbortController();
    this.#onAbort(() => controller.abort());
    this.#signal = controller.signal;
    return this.#signal;
  }
}

function toStream(body: () => Promise<Buffer>): Readable {
  return Readable.from(
    (async function* () {
      yield await body();
    })(),
  );
}
