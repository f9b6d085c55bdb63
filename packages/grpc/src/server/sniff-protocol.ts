import type { Duplex } from "node:stream";

/** What a new connection speaks. */
export type Protocol = "http1" | "http2";

// How HTTP/2 begins: `PRI * HTTP/2.0`. No HTTP/1 method starts so.
const preface = Buffer.from("PRI ");

/** Looks at the first bytes of a connection, which are there to be read again afterwards. */
export function sniffProtocol(socket: Duplex, onKnown: (protocol: Protocol) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, preface.length);
    const isPreface = seen.subarray(0, length).equals(preface.subarray(0, length));
    if (isPreface && length < preface.length) return;
    socket.off("data", onData);
    socket.pause();
    socket.unshift(seen);
    onKnown(isPreface ? "http2" : "http1");
  };
  socket.on("data", onData);
}
