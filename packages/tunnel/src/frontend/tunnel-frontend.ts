import type { TlsOptions } from "node:tls";
import { GrpcServer, type ListenAddress } from "@cellplane/grpc";
import { MetricRegistry } from "@cellplane/metrics";
import { FrontendMetrics } from "../server/frontend-metrics.ts";
import { createTunnelMetrics } from "../server/tunnel-metrics.ts";
import { createProxyService } from "./proxy-service.ts";
import type { FrontendHost } from "./frontend-host.ts";
import { serveConnect } from "./serve-connect.ts";

/** How clients of the apiserver-network-proxy are served. */
export interface TunnelFrontendOptions extends Omit<FrontendHost, "metrics"> {
  /** Those of the server that it stands before (`frontends`); without it nothing is exposed. */
  readonly metrics?: FrontendMetrics;
  /** Certificate, key, and the CA of clients' certificates, which it must have; absent only on a Unix socket. */
  readonly tls?: TlsOptions;
  readonly onError: (error: unknown) => void;
}

/** One address for both ways of stock clients: gRPC, and HTTP/1.1 `CONNECT`. */
export class TunnelFrontend implements AsyncDisposable {
  readonly #server: GrpcServer;
  readonly #hasClientCa: boolean;

  constructor(options: TunnelFrontendOptions) {
    this.#hasClientCa = options.tls?.ca !== undefined;
    const unseen = (): FrontendMetrics =>
      new FrontendMetrics(createTunnelMetrics(new MetricRegistry()));
    const host: FrontendHost = { ...options, metrics: options.metrics ?? unseen() };
    this.#server = new GrpcServer({
      handlers: [createProxyService(host)],
      ...(options.tls
        ? { tls: { requestCert: true, rejectUnauthorized: true, ...options.tls } }
        : {}),
      onConnect: (request, socket, head) => void serveConnect(host, { request, socket, head }),
      plain: () => ({
        status: 405,
        headers: { allow: "CONNECT" },
        body: "only CONNECT is served\n",
      }),
      windowBytes: 1024 * 1024,
      onError: (error) => options.onError(error),
    });
  }

  /** @throws {RangeError} A TCP address would be open to everybody as there is no client CA. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    if (!("path" in address) && !this.#hasClientCa) {
      throw new RangeError(
        "Cannot serve clients over TCP as there is no CA for their certificates",
      );
    }
    return this.#server.listen(address);
  }

  /** Uses other certificates from now on; connections stay. */
  renewTls(tls: TlsOptions): void {
    this.#server.renewTls({ requestCert: true, rejectUnauthorized: true, ...tls });
  }

  close(graceMs: number): Promise<void> {
    return this.#server.close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }
}
