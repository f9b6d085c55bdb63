import type { Duplex } from "node:stream";

const headEnd = Buffer.from("\r\n\r\n");

/** One HTTP/1.1 connection, read with as little work as possible: the tunnel is measured, not a client. */
export class RawHttp {
  readonly #stream: Duplex;
  #head: Buffer = Buffer.alloc(0);
  #left = -1;
  #waiting: PromiseWithResolvers<void> | undefined;
  /** Of bodies, so far. */
  receivedBytes = 0;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", (error) => this.#fail(error));
    stream.once("close", () => this.#fail(new Error("The connection was closed")));
    stream.resume();
  }

  /** Resolves when the whole answer is there. */
  request(bytes: Buffer, body?: Buffer): Promise<void> {
    this.#waiting = Promise.withResolvers<void>();
    this.#stream.write(bytes);
    if (body) this.#stream.write(body);
    return this.#waiting.promise;
  }

  /** Stops to read. */
  pause(): void {
    this.#stream.pause();
  }

  close(): void {
    this.#stream.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#left >= 0) return this.#take(chunk.length);
    this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf(headEnd);
    if (end < 0) return;
    const text = this.#head.toString("latin1", 0, end);
    const after = this.#head.length - end - headEnd.length;
    this.#head = Buffer.alloc(0);
    this.#left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (!text.startsWith("HTTP/1.1 200")) this.#fail(new Error(text));
    this.#take(after);
  }

  #take(bytes: number): void {
    this.receivedBytes += bytes;
    this.#left -= bytes;
    if (this.#left > 0) return;
    this.#left = -1;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
