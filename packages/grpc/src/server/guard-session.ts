import { constants, type Http2Session } from "node:http2";

// Peers written in Go send a PING for each burst of data, as often as there and back takes: on one
// machine thousands a second.
const pingsPerSecond = 10_000;
const settingsPerSecond = 100;

/**
 * Ends a connection whose peer sends PINGs or SETTINGS without measure, each of which must be
 * answered. Calls that are reset without measure, and answers that are not read, the HTTP/2 library
 * ends by itself.
 */
export function guardSession(session: Http2Session): void {
  session.on("ping", limited(session, pingsPerSecond));
  session.on("remoteSettings", limited(session, settingsPerSecond));
}

function limited(session: Http2Session, perSecond: number): () => void {
  let count = 0;
  let sinceMs = performance.now();
  return () => {
    count += 1;
    if (count <= perSecond) return;
    const nowMs = performance.now();
    if (nowMs - sinceMs < 1000) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    count = 1;
    sinceMs = nowMs;
  };
}
