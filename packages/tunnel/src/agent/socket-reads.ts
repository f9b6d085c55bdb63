import type { OnReadOpts, Socket } from "node:net";
import { BufferPool } from "./buffer-pool.ts";

/**
 * Takes bytes, and calls `done` when it needs them no more. False: it wants none until the socket
 * is resumed.
 */
export type TakeBytes = (bytes: Buffer, done: (error?: Error | null) => void) => boolean;

// From here on a read is one of many, and handed on as it is; below it is copied.
const bulkBytes = 16 * 1024;
const nothing = (): void => undefined;

/**
 * Reads of a socket that leave no garbage outside of V8's heap: each such read of Node's own leaves
 * 64 KiB, for which V8 collects a small heap again and again.
 */
export class SocketReads {
  readonly #pool: BufferPool;
  #isBulk = false;
  #take: TakeBytes | undefined;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** For the socket, which must be paused until `start`. */
  get options(): OnReadOpts {
    return {
      buffer: () => (this.#isBulk ? this.#pool.take() : this.#pool.shared),
      callback: (length, into) => this.#read(into, length),
    };
  }

  /** From now on `take` gets what comes. */
  start(socket: Socket, take: TakeBytes): void {
    this.#take = take;
    socket.resume();
  }

  #read(into: Uint8Array, length: number): boolean {
    const take = this.#take;
    if (!take) return false;
    const bytes = Buffer.from(into.buffer, into.byteOffset, length);
    // A socket that has little to say keeps no buffer of its own while it waits.
    this.#isBulk = length >= bulkBytes;
    if (into === this.#pool.shared) return take(Buffer.from(bytes), nothing);
    return take(bytes, (error) => {
      // After a failure it is not known who still looks at it.
      if (!error) this.#pool.give(into);
    });
  }
}
