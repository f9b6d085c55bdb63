import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import { connectTls } from "./connect-tls.ts";
import type { ConnectionSettings } from "./credentials.ts";
import { openingBy, tlsDialOf } from "./tls-dial.ts";

/** Connections to one server for HTTP/1.1, for whoever passes requests of others on. */
export interface HttpConnections extends Disposable {
  /** The server; its path comes before that of every request. */
  readonly url: URL;
  /** Keeps connections for further requests. */
  readonly agent: http.Agent;
  /** Opens a connection that is kept for nobody. Gives up after 10 s. */
  readonly connect: () => Promise<Duplex>;
}

// Below the time after which servers close idle connections.
const idleMs = 30_000;

/** Connections as the settings say, without their token; `Symbol.dispose` breaks off all that the agent has. */
export function createHttpConnections(settings: ConnectionSettings): HttpConnections {
  const url = new URL(settings.server);
  const closing = new AbortController();
  const { options, ...way } = tlsDialOf(settings, url, closing.signal);
  const isPlain = url.protocol === "http:";
  const tlsDial = { ...way, options: { ...options, ALPNProtocols: ["http/1.1"] } };
  const connect = (): Promise<Duplex> =>
    isPlain ? connectPlain(url, way.dial) : connectTls(url, tlsDial, closing.signal);
  const kept = { keepAlive: true, timeout: idleMs };
  const agent = openingBy(isPlain ? new http.Agent(kept) : new https.Agent(kept), connect);
  return {
    url,
    agent,
    connect,
    [Symbol.dispose]: () => {
      closing.abort();
      agent.destroy();
    },
  };
}

async function connectPlain(
  url: URL,
  dial: ((target: { host: string; port: number }) => Promise<Duplex>) | undefined,
): Promise<Duplex> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port === "" ? 80 : url.port);
  if (dial) return dial({ host, port });
  const socket = net.connect({ host, port });
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  socket.once("connect", () => resolve(socket));
  socket.once("error", reject);
  return promise;
}
