import type { Http2Session } from "node:http2";

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

/** Sends PINGs until the session closes; `onDead` is told when one is not answered in time. */
export function keepSessionAlive(
  session: Http2Session,
  { intervalMs, timeoutMs }: KeepAlive,
  onDead: () => void,
  isWanted: () => boolean = () => true,
): void {
  let deadline: NodeJS.Timeout | undefined;
  const interval = setInterval(() => {
    if (deadline || session.destroyed || !isWanted()) return;
    deadline = setTimeout(onDead, timeoutMs);
    session.ping(() => {
      clearTimeout(deadline);
      deadline = undefined;
    });
  }, intervalMs);
  session.once("close", () => {
    clearInterval(interval);
    clearTimeout(deadline);
  });
}
