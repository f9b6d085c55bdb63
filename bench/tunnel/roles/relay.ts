/** Holds back what passes between an agent and its server, as distance does. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { runRole } from "./role.ts";

/** Where to, and how long one way takes. */
export interface RelayConfig {
  readonly port: number;
  readonly oneWayMs: number;
}

// More than any window, so that nothing but the delay slows it down.
const mostUnderWayBytes = 256 * 1024 * 1024;

runRole<RelayConfig>(async ({ port, oneWayMs }) => {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
    passOn(near, far, oneWayMs);
    passOn(far, near, oneWayMs);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
});

function passOn(from: Socket, to: Socket, ms: number): void {
  let underWay = 0;
  from.on("error", () => from.destroy());
  from.on("data", (chunk) => {
    underWay += chunk.length;
    if (underWay > mostUnderWayBytes) from.pause();
    setTimeout(() => {
      to.write(chunk, () => {
        underWay -= chunk.length;
        if (from.isPaused()) from.resume();
      });
    }, ms);
  });
  from.once("end", () => setTimeout(() => to.end(), ms));
  from.once("close", () => setTimeout(() => to.destroy(), ms + 1000));
}
