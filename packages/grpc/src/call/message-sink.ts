/** The messages that go out. */
export interface MessageSink<T> {
  /**
   * Queues a message; it leaves with all others of this tick in one write. A message sent after the
   * call ended is dropped.
   *
   * @returns False if enough is queued: wait for `drained` before sending more.
   */
  send(message: T): boolean;
  /**
   * Resolves as soon as there is room.
   *
   * @throws {GrpcError} If the call has ended.
   */
  drained(): Promise<void>;
  /** Bytes that are queued here, as the peer or the network does not take them yet. */
  readonly queuedBytes: number;
}
