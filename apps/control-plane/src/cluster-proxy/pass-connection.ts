import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { UpgradedBody } from "@cellplane/apiserver";
import { joinStreams } from "@cellplane/tunnel";
import { answerHeaders } from "./passed-headers.ts";

/** A member's end of a connection that has changed its protocol. */
export interface MemberEnd {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** What the member has sent after its answer. */
  readonly head: Buffer;
}

// Enough to send on what had come before one side left.
const lastBytesMs = 5000;

/** Passes on the member's answer and from then on the bytes of both sides, whatever they are. */
export function passConnection({ incoming, socket, head }: MemberEnd): UpgradedBody {
  return {
    kind: "upgrade",
    take: (client, clientHead) => {
      client.write(renderHead(incoming), "latin1");
      if (head.length > 0) client.write(head);
      if (clientHead.length > 0) socket.write(clientHead);
      for (const side of [client, socket]) tune(side);
      joinStreams(client, socket);
      endWith(client, socket);
      endWith(socket, client);
    },
  };
}

function renderHead(incoming: IncomingMessage): string {
  const { connection = "Upgrade", upgrade = "" } = incoming.headers;
  const headers = { ...answerHeaders(incoming.headers), connection, upgrade };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}\r\n`),
  );
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
}

function endWith(side: Duplex, other: Duplex): void {
  side.once("close", () => {
    const timer = setTimeout(() => other.destroy(), lastBytesMs);
    other.once("close", () => clearTimeout(timer));
  });
}

/** Keys that are typed go out at once, and a peer that has vanished is noticed. */
function tune(side: Duplex): void {
  if ("setNoDelay" in side && typeof side.setNoDelay === "function") side.setNoDelay(true);
  if ("setKeepAlive" in side && typeof side.setKeepAlive === "function") {
    side.setKeepAlive(true, 30_000);
  }
  if ("setTimeout" in side && typeof side.setTimeout === "function") side.setTimeout(0);
}
