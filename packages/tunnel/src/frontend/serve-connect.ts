import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { passOn } from "../link/join-streams.ts";
import { DialError, httpStatusOf } from "../protocol/dial-error.ts";
import { headerNames } from "../protocol/methods.ts";
import { certificateOf } from "./authorize.ts";
import { findDestination } from "./find-cluster.ts";
import type { FrontendHost } from "./frontend-host.ts";

/** Serves `CONNECT host:port`: the answer waits for the dial, so that its status tells what became of it. */
export async function serveConnect(
  host: FrontendHost,
  {
    request,
    socket,
    head,
  }: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
): Promise<void> {
  const dialling = new AbortController();
  const giveUp = (): void => dialling.abort();
  socket.on("error", giveUp);
  socket.once("close", giveUp);
  // Who ends the request before its answer wants none.
  socket.once("end", giveUp);
  try {
    const header = request.headers[headerNames.cluster];
    const destination = findDestination(request.url ?? "", {
      header: typeof header === "string" ? header : undefined,
      suffix: host.suffix,
    });
    const client = { certificate: certificateOf(request.socket) };
    if (!host.authorize(client, destination)) {
      throw new DialError("Denied", `the client may not reach cluster "${destination.cluster}"`);
    }
    const target = await host.dial({ ...destination, signal: dialling.signal });
    socket.off("close", giveUp);
    socket.off("end", giveUp);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    if (head.length > 0) target.write(head);
    const { metrics } = host;
    const counts = metrics.of(destination.cluster);
    counts.connects += 1;
    socket.once("close", () => (counts.connects -= 1));
    passOn(socket, target);
    passOn(target, socket, (seconds) => metrics.written(destination.cluster, seconds));
  } catch (error) {
    refuse(socket, error instanceof DialError ? error : new DialError("Failed", String(error)));
  }
}

function refuse(socket: Duplex, error: DialError): void {
  const body = `${error.text}\n`;
  const status = httpStatusOf(error);
  socket.end(
    `HTTP/1.1 ${status} ${error.reason}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
