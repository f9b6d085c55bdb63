import type { OutgoingHttpHeaders } from "node:http2";
import type { WireWriter } from "../codec/wire-writer.ts";
import type { HeaderField } from "../http2/header-field.ts";
import type { Http2Connection } from "../http2/http2-connection.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import {
  type CallConnection,
  type CallStream,
  type CallStreamListener,
  plainHeaders,
  plainTrailers,
} from "./call-stream.ts";

/** A call on a stream of our own HTTP/2. */
export class OwnCallStream implements CallStream {
  readonly connection: CallConnection;
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream, connection: CallConnection) {
    this.#stream = stream;
    this.connection = connection;
  }

  get isClosed(): boolean {
    return this.#stream.isClosed;
  }

  listen(listener: CallStreamListener): void {
    this.#stream.listen(listener);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  respond(headers: OutgoingHttpHeaders): void {
    this.#stream.sendHeaders(fieldsOf(headers));
  }

  write(bytes: Buffer, done?: () => void): void {
    this.#stream.write(bytes, done);
  }

  writeMessage(encode: (to: WireWriter) => void): void {
    this.#stream.writeMessage(encode);
  }

  tryMessage(encode: (to: WireWriter) => void): boolean {
    return this.#stream.tryMessage(encode);
  }

  finish(rest: Buffer, trailers: OutgoingHttpHeaders): void {
    if (rest.length > 0) this.#stream.write(rest);
    this.#stream.end(fieldsOf(trailers));
    this.#stream.resume();
  }

  refuse(headers: OutgoingHttpHeaders): void {
    this.#stream.end(fieldsOf(headers));
    this.#stream.resume();
  }
}

/** A connection as its calls see it. */
export function connectionOf(connection: Http2Connection): CallConnection {
  return {
    identity: connection,
    get socket() {
      return connection.isClosed ? undefined : connection.socket;
    },
    close: () => connection.close(),
    destroy: () => connection.destroy(),
  };
}

const constantFields: ReadonlyMap<OutgoingHttpHeaders, readonly HeaderField[]> = new Map(
  [plainHeaders, plainTrailers].map((headers) => {
    const fields = listFields(headers).map((field) => ({ ...field, isConstant: true }));
    return [headers, fields];
  }),
);

/** Headers as they go on the wire. */
export function fieldsOf(headers: OutgoingHttpHeaders): readonly HeaderField[] {
  return constantFields.get(headers) ?? listFields(headers);
}

function listFields(headers: OutgoingHttpHeaders): readonly HeaderField[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = Array.isArray(value) ? value : [String(value)];
    return values.map((each) => ({ name: name.toLowerCase(), value: each }));
  });
}
