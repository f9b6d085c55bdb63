import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { issueCertificate } from "@cellplane/x509";

const hourMs = 3_600_000;

/** An authority and what it signs. */
export class TestAuthority {
  readonly ca: string;
  readonly #issuer: Parameters<typeof issueCertificate>[1];

  constructor() {
    const { certificate, key } = issueCertificate({
      usage: "authority",
      commonName: "test-ca",
      notBeforeMs: Date.now() - 2 * hourMs,
      notAfterMs: Date.now() + hourMs,
    });
    this.ca = certificate;
    this.#issuer = {
      certificate: new X509Certificate(certificate).raw,
      key: createPrivateKey(key),
    };
  }

  issue(request: {
    readonly usage: "server" | "client";
    readonly commonName?: string;
    readonly hosts?: readonly string[];
    readonly notAfterMs?: number;
  }): { readonly cert: string; readonly key: string } {
    const { certificate, key } = issueCertificate(
      {
        commonName: "test",
        hosts: ["127.0.0.1"],
        notBeforeMs: Date.now() - 2 * hourMs,
        notAfterMs: Date.now() + hourMs,
        ...request,
      },
      this.#issuer,
    );
    return { cert: certificate, key };
  }
}

/** Answers a request of either protocol. */
export type TestHandler = (
  request: Pick<Http2ServerRequest, "url" | "method" | "headers" | "socket">,
  response: Pick<Http2ServerResponse, "end" | "write" | "writeHead" | "statusCode" | "on">,
) => void;

/** A TLS server whose connections can be seen and cut. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** Ends every connection as a failing network does. */
  cut(): void;
}

/** Starts a server of one protocol on a free port. */
export async function startTlsServer(
  protocol: "h2" | "http/1.1",
  tls: { readonly cert: string; readonly key: string; readonly ca?: string },
  handler: TestHandler,
): Promise<TestServer> {
  const options = { ...tls, requestCert: tls.ca !== undefined };
  const server =
    protocol === "h2"
      ? createSecureServer({ ...options, settings: { maxConcurrentStreams: 100 } }, handler)
      : createServer(options, handler as unknown as RequestListener);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("secureConnection", () => connections++);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.on("sessionError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    cut,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}
