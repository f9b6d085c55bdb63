import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Spdy } from "./spdy.ts";
import { WebSocket } from "./web-socket.ts";

const tunnelledProtocol = "SPDY/3.1+portforward.k8s.io";

/** The port of this machine that every forwarded port is; set by the test. */
export const forwardedPort: { port: number } = { port: 0 };

/** Forwards connections: each is a pair of streams, for errors and for data, inside a WebSocket or bare. */
export function forwardPort(request: IncomingMessage, socket: Duplex): void {
  if (request.headers.upgrade?.toLowerCase() === "websocket") {
    const pairs = openPairs((bytes) => peer.send(bytes));
    const peer = new WebSocket(request, socket, {
      protocol: tunnelledProtocol,
      onMessage: (message) => pairs.take(message),
    });
    return;
  }
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n",
  );
  const pairs = openPairs((bytes) => void (socket.writable && socket.write(bytes)));
  socket.on("data", (bytes: Buffer) => pairs.take(bytes));
}

function openPairs(write: (bytes: Buffer) => void): Spdy {
  const targets = new Map<number, Socket>();
  const peer = new Spdy(write, {
    onStream: (at) => {
      if (at % 2 === 0) return;
      const target = connect(forwardedPort.port, "127.0.0.1");
      targets.set(at, target);
      target.on("data", (bytes: Buffer) => peer.send(at, bytes));
      target.on("error", () => target.destroy());
      target.once("close", () => {
        peer.send(at, Buffer.alloc(0), "last");
        peer.send(at - 1, Buffer.alloc(0), "last");
      });
    },
    onData: (at, bytes) => void targets.get(at)?.write(bytes),
    onEnd: (at) => void targets.get(at)?.end(),
  });
  return peer;
}
