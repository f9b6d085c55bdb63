import type { Duplex } from "node:stream";
import * as tls from "node:tls";

const connectTimeoutMs = 10_000;

/** How a TLS connection is opened, beside node:tls's own options. */
export interface TlsDial {
  readonly options: tls.ConnectionOptions;
  /** Opens the connection below, as through a proxy; absent: directly. */
  readonly dial?: (target: { readonly host: string; readonly port: number }) => Promise<Duplex>;
  /** What is wrong with the server's certificate, where node:tls is not to judge it. */
  readonly check?: (socket: tls.TLSSocket) => Error | undefined;
}

/** Opens a TLS connection; gives up after 10 s and when `signal` aborts. */
export async function connectTls(
  url: URL,
  { options, dial, check }: TlsDial,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port === "" ? 443 : url.port);
  const below = await dial?.({ host, port });
  // With a connection below, the host is still whose name the certificate must have.
  const socket = tls.connect({ host, ...(below ? { socket: below } : { port }), ...options });
  await secured(socket, signal);
  const wrong = check?.(socket);
  if (wrong) {
    socket.destroy();
    throw wrong;
  }
  return socket;
}

function secured(socket: tls.TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const close = (): void => {
      socket.destroy(connectionLost());
    };
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error("connect timed out"), { code: "ETIMEDOUT" }));
    }, connectTimeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", close);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    if (signal.aborted) close();
    signal.addEventListener("abort", close, { once: true });
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      settle();
      socket.off("error", fail);
      resolve();
    });
  });
}

/** What is told of a connection that ended before its work. */
export function connectionLost(): Error {
  return Object.assign(new Error("the stream closed"), { code: "ECONNRESET" });
}
