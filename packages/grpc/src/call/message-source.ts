import type { GrpcError } from "../wire/grpc-error.ts";

/** Takes messages as they come. */
export interface MessageHandler<T> {
  readonly onMessage: (message: T) => void;
  /** The last thing that is told: why the call failed, or nothing if it ended well. */
  readonly onEnd: (error: GrpcError | undefined) => void;
}

/** Holds back the peer. */
export interface Flow {
  /** No message is given from now on, and the peer is held back once its window is full. */
  pause(): void;
  resume(): void;
}

/**
 * The messages that come in. What nobody takes stays with the peer: at most a window and the
 * messages of one chunk wait here.
 *
 * Use either `read` (or iterate) or `consume`, not both. Leaving an iteration early cancels the call.
 */
export interface MessageSource<T> extends AsyncIterable<T> {
  /**
   * The next message; `undefined` after the last one.
   *
   * @throws {GrpcError} If the call failed, after the messages before were read.
   */
  read(): Promise<T | undefined>;
  /** Gives every message to `handler` at once, without a promise for each. */
  consume(handler: MessageHandler<T>): Flow;
}
