import type { Socket } from "node:net";
import { maxSentBytes } from "../protocol/packet.ts";

/** What a connection asks of its link. */
export interface SharedConnectionHost {
  /** Sends bytes to the server; false: wait for `drained`. */
  readonly send: (data: Buffer) => boolean;
  readonly drained: () => Promise<void>;
  /** Once: the target is gone; empty: it ended as it should. */
  readonly ended: (error: string) => void;
}

/** Most bytes that wait for a target that does not read, before its connection is cut. */
const maxWaitingBytes = 16 * 1024 * 1024;

/** A connection towards a stock server, which has no flow control for it. */
export class SharedConnection {
  readonly #socket: Socket;
  readonly #host: SharedConnectionHost;
  #isOver = false;

  constructor(socket: Socket, host: SharedConnectionHost) {
    this.#socket = socket;
    this.#host = host;
  }

  start(): void {
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => this.#forward(chunk));
    socket.once("end", () => this.#end(""));
    socket.on("error", (error) => this.#end(error.message));
    socket.once("close", () => this.#end(""));
  }

  write(data: Uint8Array): void {
    this.#socket.write(data);
    if (this.#socket.writableLength > maxWaitingBytes) {
      this.#socket.destroy(new Error("the target does not read"));
    }
  }

  end(): void {
    this.#socket.end(() => this.#end(""));
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #forward(chunk: Buffer): void {
    let hasRoom = true;
    for (let at = 0; at < chunk.length; at += maxSentBytes) {
      hasRoom = this.#host.send(chunk.subarray(at, at + maxSentBytes));
    }
    if (hasRoom) return;
    this.#socket.pause();
    this.#host.drained().then(
      () => this.#socket.resume(),
      () => this.#socket.destroy(),
    );
  }

  #end(error: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#host.ended(error);
  }
}
