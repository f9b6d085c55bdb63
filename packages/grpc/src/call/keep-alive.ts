import type { Http2Session } from "node:http2";

/** When to ask the peer whether it is still there. */
export interface KeepAlive {
  /** Time between two PINGs. etcd wants 5 s or more, other Go servers 5 min unless configured. */
  readonly intervalMs: number;
  /** Without an answer within it the connection is given up. */
  readonly timeoutMs: number;
}

/** Sends PINGs until the session closes; `onDead` is told when one is not answered in time. */
export function keepSessionAlive(
  session: Http2Session,
  { intervalMs, timeoutMs }: KeepAlive,
  onDead: () => void,
): void {
  let deadline: NodeJS.Timeout | undefined;
  const interval = setInterval(() => {
    if (deadline || session.destroyed) return;
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
