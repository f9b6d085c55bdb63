import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import { type CertificateAndKey, issueCertificate, type Issuer } from "@cellplane/x509";
import { TunnelAgent, type TunnelAgentOptions } from "./agent/tunnel-agent.ts";
import { joinStreams } from "./link/join-streams.ts";
import { TunnelFrontend, type TunnelFrontendOptions } from "./frontend/tunnel-frontend.ts";
import {
  agentCommonNamePrefix,
  agentOrganization,
  authenticateCertificate,
} from "./server/authenticate.ts";
import { TunnelServer, type TunnelServerOptions } from "./server/tunnel-server.ts";

const hourMs = 3_600_000;

/** A certificate authority of the tests' own. */
export class TestAuthority {
  readonly #own: CertificateAndKey;
  readonly #issuer: Issuer;
  readonly #clients = new Map<string, CertificateAndKey>();

  constructor(name: string) {
    this.#own = issueCertificate({ usage: "authority", commonName: name, ...validity() });
    this.#issuer = {
      certificate: new X509Certificate(this.#own.certificate).raw,
      key: createPrivateKey(this.#own.key),
    };
  }

  /** PEM. */
  get certificate(): string {
    return this.#own.certificate;
  }

  server(): CertificateAndKey {
    const hosts = ["localhost", "127.0.0.1", "tunnel.test"];
    return issueCertificate(
      { usage: "server", commonName: "server", hosts, ...validity() },
      this.#issuer,
    );
  }

  /** Of a client or an agent: one for each name, as making a key takes a while. */
  client(commonName: string, organization: string): CertificateAndKey {
    const known = this.#clients.get(commonName);
    if (known) return known;
    const organizations = [organization];
    const made = issueCertificate(
      { usage: "client", commonName, organizations, ...validity() },
      this.#issuer,
    );
    this.#clients.set(commonName, made);
    return made;
  }

  agent(cluster: string): CertificateAndKey {
    return this.client(`${agentCommonNamePrefix}${cluster}`, agentOrganization);
  }
}

/** What is open in a test, and how to open more; everything goes with it. */
export class TunnelFixture implements AsyncDisposable {
  readonly authority: TestAuthority = new TestAuthority("agents");
  server: TunnelServer;
  /** Clusters that the server knows, and their upstreams. */
  readonly upstreams: Map<string, string>;
  port = 0;
  readonly #opened: AsyncDisposableStack;
  readonly #options: Partial<TunnelServerOptions>;

  private constructor(
    opened: AsyncDisposableStack,
    upstreams: Map<string, string>,
    options: Partial<TunnelServerOptions>,
  ) {
    this.#opened = opened;
    this.upstreams = upstreams;
    this.#options = options;
    this.server = this.openServer("server-a");
  }

  /** A further server, which does not listen yet. */
  openServer(serverId: string, options: Partial<TunnelServerOptions> = {}): TunnelServer {
    return this.#opened.use(
      new TunnelServer({
        tls: this.serverTls(),
        authenticate: authenticateCertificate,
        directory: {
          routeOf: (cluster) => {
            const upstream = this.upstreams.get(cluster);
            return upstream === undefined ? undefined : { upstream };
          },
        },
        serverId,
        ...this.#options,
        ...options,
      }),
    );
  }

  /** Ends the server, and starts another one in its place. */
  async restartServer(): Promise<void> {
    await this.server.close(0);
    this.server = this.openServer("server-a");
    await this.server.listen({ host: "127.0.0.1", port: this.port });
  }

  static async open(options: Partial<TunnelServerOptions> = {}): Promise<TunnelFixture> {
    const opened = new AsyncDisposableStack();
    const fixture = new TunnelFixture(opened, new Map(), options);
    fixture.port = portOf(await fixture.server.listen({ host: "127.0.0.1", port: 0 }));
    return fixture;
  }

  serverTls(): TlsOptions {
    const { certificate: cert, key } = this.authority.server();
    return { cert, key, ca: this.authority.certificate };
  }

  /** Starts a target and makes it the API server of a cluster. */
  async target(cluster: string, onConnection: (socket: Duplex) => void): Promise<number> {
    const sockets = new Set<Duplex>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    const port = await listen(server);
    this.#opened.defer(async () => {
      for (const socket of sockets) socket.destroy();
      await closeServer(server);
    });
    this.upstreams.set(cluster, `127.0.0.1:${port}`);
    return port;
  }

  /** A target that sends back what it gets. */
  echo(cluster: string): Promise<number> {
    return this.target(cluster, (socket) => socket.pipe(socket));
  }

  /** Starts an agent of ours, and waits until the server has it. */
  async agent(cluster: string, options: Partial<TunnelAgentOptions> = {}): Promise<TunnelAgent> {
    const before = this.server.links().length;
    const agent = this.startAgent(cluster, options);
    await until(() => this.server.links().length > before);
    return agent;
  }

  /** Starts an agent of ours, which may be refused. */
  startAgent(cluster: string, options: Partial<TunnelAgentOptions> = {}): TunnelAgent {
    const { certificate: cert, key } = this.authority.agent(cluster);
    return this.#opened.use(
      new TunnelAgent({
        servers: [`127.0.0.1:${this.port}`],
        agentId: `agent-${cluster}-${this.server.links().length}`,
        cluster,
        targets: { target: this.upstreams.get(cluster) ?? "127.0.0.1:1" },
        pauses: { leastMs: 100, mostMs: 500 },
        channelOf: ({ address, host }) => ({
          target: `https://${address}`,
          tls: {
            cert,
            key,
            ca: this.authority.certificate,
            servername: host === "127.0.0.1" ? "localhost" : host,
          },
        }),
        ...options,
      }),
    );
  }

  /** Starts a frontend for stock clients, whose certificates are of `authority`, on TCP. */
  async frontend(suffix?: string): Promise<number> {
    const frontend = this.#openFrontend({ tls: this.serverTls(), suffix });
    return portOf(await frontend.listen({ host: "127.0.0.1", port: 0 }));
  }

  /** Starts a frontend on a Unix socket. */
  async frontendAt(path: string): Promise<void> {
    await this.#openFrontend({ suffix: undefined }).listen({ path });
  }

  #openFrontend(options: Pick<TunnelFrontendOptions, "tls" | "suffix">): TunnelFrontend {
    return this.#opened.use(
      new TunnelFrontend({
        ...options,
        dial: (dial) => this.server.dial(dial),
        metrics: this.server.frontends,
        authorize: () => true,
        onError: (error) => {
          throw error;
        },
      }),
    );
  }

  /** An address whose connections go to one port after the other. */
  async balancer(ports: readonly number[]): Promise<{ readonly address: string }> {
    let turn = 0;
    const server = createServer((socket) => {
      const onward = connect({ host: "127.0.0.1", port: ports[turn++ % ports.length] ?? 0 });
      joinStreams(socket, onward);
      this.#opened.defer(() => void socket.destroy());
    });
    const port = await listen(server);
    this.#opened.defer(() => void server.close());
    return { address: `127.0.0.1:${port}` };
  }

  /** Has something closed with the fixture, before what was opened earlier. */
  defer(close: () => Promise<void> | void): void {
    this.#opened.defer(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

/** Waits for something, looking often. */
export async function until(holds: () => boolean, limitMs = 20_000): Promise<void> {
  for (const deadline = performance.now() + limitMs; !holds();) {
    if (performance.now() > deadline)
      throw new Error(`Waited ${limitMs} ms in vain: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Everything that a stream gives until it ends. */
export async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

function portOf(address: { readonly port: number } | { readonly path: string }): number {
  if (!("port" in address)) throw new Error("It does not listen on TCP");
  return address.port;
}

function validity(): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  return { notBeforeMs: Date.now() - hourMs, notAfterMs: Date.now() + hourMs };
}
