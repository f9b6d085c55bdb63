import { connect } from "node:net";
import { FrameReader } from "../../../packages/grpc/src/call/frame-reader.ts";
import { writeMessage } from "../../../packages/grpc/src/call/outgoing-messages.ts";
import { SpareBuffer } from "../../../packages/grpc/src/codec/spare-buffer.ts";
import type { HeaderField } from "../../../packages/grpc/src/http2/header-field.ts";
import { Http2Connection } from "../../../packages/grpc/src/http2/http2-connection.ts";
import type { Http2Stream } from "../../../packages/grpc/src/http2/http2-stream.ts";
import type { BidiMethod, Method, UnaryMethod } from "../../../packages/grpc/src/index.ts";

const windowBytes = 8 * 2 ** 20;
const maxBytes = 512 * 2 ** 20;

/** What a call came to. */
type Settle<T> = (error: Error | undefined, response?: T) => void;

/**
 * A gRPC client that does as little as it can, so that what is measured is the server: it shares
 * the machine with it. All of one turn leaves in one write, as it does with other clients in C or Go.
 */
export class BenchChannel implements AsyncDisposable {
  readonly #target: URL;
  readonly #headers = new Map<string, readonly HeaderField[]>();
  #connection: Http2Connection | undefined;

  constructor(target: string) {
    this.#target = new URL(target);
  }

  unary<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const stream = this.#open(method);
    let response: Response | undefined;
    receive(stream, method, {
      onMessage: (message) => (response = message),
      onOver: (error) => {
        if (response === undefined) reject(error ?? new Error("no response"));
        else if (error) reject(error);
        else resolve(response);
      },
    });
    stream.endWithMessage((to) => writeMessage(request, { to, codec: method.request, maxBytes }));
    return promise;
  }

  /** A stream each way; `onMessage` is told of all that comes. */
  bidi<Request, Response>(
    method: BidiMethod<Request, Response>,
    onMessage: (response: Response) => void,
  ): { send(request: Request): void; cancel(): void } {
    const stream = this.#open(method);
    receive(stream, method, { onMessage, onOver: () => undefined });
    return {
      send: (request) =>
        stream.writeMessage((to) => writeMessage(request, { to, codec: method.request, maxBytes })),
      cancel: () => stream.reset(8),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection?.destroy();
  }

  #open({ path }: Pick<Method<unknown, unknown>, "path">): Http2Stream {
    const known = this.#headers.get(path);
    const fields = known ?? headersOf(path, this.#target.host);
    if (!known) this.#headers.set(path, fields);
    return this.#connect().open(fields);
  }

  #connect(): Http2Connection {
    if (this.#connection && !this.#connection.isClosed) return this.#connection;
    const { hostname, port } = this.#target;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.on("error", () => {
      // Told by its calls.
    });
    this.#connection = new Http2Connection(socket, {
      windowBytes,
      spare: new SpareBuffer(),
      onClose: () => undefined,
    });
    return this.#connection;
  }
}

function headersOf(path: string, authority: string): readonly HeaderField[] {
  const headers = {
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": authority,
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "bench",
  };
  return Object.entries(headers).map(([name, value]) => ({ name, value, isConstant: true }));
}

function receive<Response>(
  stream: Http2Stream,
  { response }: Pick<Method<unknown, Response>, "response">,
  { onMessage, onOver }: { onMessage: (message: Response) => void; onOver: Settle<Response> },
): void {
  const frames = new FrameReader(maxBytes);
  let status: string | undefined;
  let why = "";
  const onFrame = (message: Buffer): void => onMessage(response.decode(message));
  stream.listen({
    onHeaders: (fields) => {
      for (const { name, value } of fields) {
        if (name === "grpc-status") status = value;
        if (name === "grpc-message") why = value;
      }
    },
    onData: (chunk) => frames.feed(chunk, onFrame),
    onEnd: () => undefined,
    onClose: (code) =>
      onOver(status === "0" ? undefined : new Error(`status ${status}: ${why} (HTTP/2 ${code})`)),
  });
}
