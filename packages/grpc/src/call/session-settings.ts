import type { Http2Session, SessionOptions } from "node:http2";
import type { PingedConnection } from "./keep-alive.ts";

/** How much one stream may receive before it is read, unless told otherwise. */
export const defaultWindowBytes: number = 1024 * 1024;
// Megabytes. Queues are bounded here call by call; Node's own limit would end the connection.
const maxSessionMemory = 1000;
// Node.js before 26.9 stops writing for ever under connection windows that are larger than streams'.
const hasLargeWindows = isAtLeast(process.versions.node, [26, 9]);

/** Messages longer than this are refused unless told otherwise; gRPC's usual limit. */
export const defaultMaxMessageBytes: number = 4 * 1024 * 1024;

/** A session of Node's as what is pinged. */
export function pingedSession(session: Http2Session): PingedConnection {
  return {
    isClosed: () => session.destroyed,
    ping: (onAnswer) => void session.ping(onAnswer),
    onceClosed: (onClosed) => void session.once("close", onClosed),
  };
}

/** Options for both ends of an HTTP/2 connection. */
export function sessionOptions(windowBytes: number = defaultWindowBytes): SessionOptions {
  return {
    maxSessionMemory,
    settings: { initialWindowSize: windowBytes, enablePush: false },
  };
}

/** Opens the connection's own window, which is not one of the settings. */
export function widenSession(
  session: Http2Session,
  windowBytes: number = defaultWindowBytes,
): void {
  session.setLocalWindowSize(hasLargeWindows ? windowBytes * 8 : windowBytes);
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
