/** When to ask the peer whether it is still there. */
export interface KeepAlive {
  /** Time between two PINGs. etcd wants 5 s or more, other Go servers 5 min unless configured. */
  readonly intervalMs: number;
  /** Without an answer within it the connection is given up. */
  readonly timeoutMs: number;
  /**
   * Only while calls are under way: Go servers take PINGs on an idle connection for abuse, and
   * close it. A client's setting; unless given, an idle connection is asked, too.
   */
  readonly onlyWithCalls?: boolean;
}

/** A connection that can be asked whether its peer is there. */
export interface PingedConnection {
  isClosed(): boolean;
  ping(onAnswer: () => void): void;
  onceClosed(onClosed: () => void): void;
}

/** Sends PINGs until the connection closes; `onDead` is told when one is not answered in time. */
export function keepSessionAlive(
  connection: PingedConnection,
  { intervalMs, timeoutMs }: KeepAlive,
  onDead: () => void,
  isWanted: () => boolean = () => true,
): void {
  let deadline: NodeJS.Timeout | undefined;
  const interval = setInterval(() => {
    if (deadline || connection.isClosed() || !isWanted()) return;
    deadline = setTimeout(onDead, timeoutMs);
    connection.ping(() => {
      clearTimeout(deadline);
      deadline = undefined;
    });
  }, intervalMs);
  connection.onceClosed(() => {
    clearInterval(interval);
    clearTimeout(deadline);
  });
}
