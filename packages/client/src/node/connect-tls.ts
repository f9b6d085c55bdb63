import * as tls from "node:tls";

const connectTimeoutMs = 10_000;

/** Opens a TLS connection; gives up after 10 s and when `signal` aborts. */
export function connectTls(
  url: URL,
  options: tls.ConnectionOptions,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(url.port === "" ? 443 : url.port);
    const socket = tls.connect({ host, port, ...options });
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
      resolve(socket);
    });
  });
}

/** What is told of a connection that ended before its work. */
export function connectionLost(): Error {
  return Object.assign(new Error("the stream closed"), { code: "ECONNRESET" });
}
