import { Duplex } from "node:stream";
import { maxSentBytes } from "../protocol/packet.ts";

/** What a connection asks of its link. */
export interface ConnectionHost {
  /** Sends bytes; false: wait for `drained`. */
  sendData(connectId: bigint, data: Buffer): boolean;
  drained(): Promise<void>;
  /** Asks the agent to end it; the answer calls `ended`. */
  sendClose(connectId: bigint): void;
  /** Nothing is kept of it any more. */
  forget(connectId: bigint): void;
  /** It has more waiting than it should, or no longer. */
  backlogChanged(connection: StockConnection): void;
}

/** How long the agent may take to confirm an end. */
const closeTimeoutMs = 10_000;

/**
 * One connection through an agent that multiplexes all of them in one stream, without flow control
 * or half-close of their own: ending it ends both ways, as with a stock client.
 */
export class StockConnection extends Duplex {
  readonly connectId: bigint;
  readonly #host: ConnectionHost;
  #hasEnded = false;
  #whenEnded: (() => void) | undefined;
  /** When the reader last took something. */
  progressedAtMs: number = performance.now();

  constructor(connectId: bigint, host: ConnectionHost) {
    super({
      allowHalfOpen: false,
      readableHighWaterMark: 256 * 1024,
      writableHighWaterMark: 64 * 1024,
    });
    this.connectId = connectId;
    this.#host = host;
  }

  /** Bytes came from the target. */
  receive(data: Uint8Array): void {
    if (data.length === 0 || this.#hasEnded || this.destroyed) return;
    if (!this.push(data)) this.#host.backlogChanged(this);
  }

  /** The agent has ended it; an error is what it says why. */
  ended(error: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#host.forget(this.connectId);
    this.#whenEnded?.();
    if (error === "" || isPlainEnd(error)) this.push(null);
    else this.destroy(new Error(`The agent has ended the connection: ${error}`));
  }

  override _read(): void {
    this.progressedAtMs = performance.now();
    this.#host.backlogChanged(this);
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    let hasRoom = true;
    for (let at = 0; at < chunk.length && !this.#hasEnded; at += maxSentBytes) {
      hasRoom = this.#host.sendData(this.connectId, chunk.subarray(at, at + maxSentBytes));
    }
    if (hasRoom || this.#hasEnded) done();
    else this.#host.drained().then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    if (this.#hasEnded) return done();
    this.#host.sendClose(this.connectId);
    const late = setTimeout(() => {
      this.ended("");
    }, closeTimeoutMs).unref();
    this.#whenEnded = () => {
      clearTimeout(late);
      done();
    };
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#host.sendClose(this.connectId);
      this.#host.forget(this.connectId);
    }
    this.#whenEnded?.();
    this.#host.backlogChanged(this);
    done(error);
  }
}

/** How agents say that the target closed its side, which is no failure. */
function isPlainEnd(error: string): boolean {
  return /^EOF$|use of closed network connection/.test(error);
}
