import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import { SpanKind } from "@opentelemetry/api";
import { GrpcServer, type ListenAddress } from "@cellplane/grpc";
import { MetricRegistry } from "@cellplane/metrics";
import type { AgentLink } from "../link/agent-link.ts";
import { type ConnectionRecord, meterStream, noteEnd } from "../link/connection-record.ts";
import { type BacklogLimits, defaultBacklogLimits } from "../link/backlog.ts";
import type { PacketLink } from "../link/packet-link.ts";
import { widestWindowBytes } from "../link/stream-window.ts";
import { DialError } from "../protocol/dial-error.ts";
import { apiServerAddress, connectionPath, headerNames } from "../protocol/methods.ts";
import { inSpan, tellSpan } from "../trace/in-span.ts";
import { type AgentEvents, createAgentService } from "./agent-service.ts";
import type { AuthenticateAgent } from "./authenticate.ts";
import { createCredentialsService, type SignAgent } from "./credentials-service.ts";
import { createServersService, type ServerRoster } from "./servers-service.ts";
import { createTokenService, type TakeToken } from "./token-service.ts";
import { ClusterTable } from "./cluster-table.ts";
import { FrontendMetrics } from "./frontend-metrics.ts";
import { LinkTotals } from "./link-totals.ts";
import type { TunnelDirectory } from "./tunnel-directory.ts";
import { createTunnelMetrics, type TunnelMetrics } from "./tunnel-metrics.ts";

/** How a tunnel server serves. */
export interface TunnelServerOptions {
  /** Certificate and key of the server, and the CA of agents' certificates. */
  readonly tls: TlsOptions;
  readonly authenticate: AuthenticateAgent;
  readonly directory: TunnelDirectory;
  /** Tells servers apart: an agent connects once to each. */
  readonly serverId: string;
  /** Certifies new keys of agents; without it they have to be brought along. */
  readonly sign?: SignAgent;
  /** Keeps tokens that agents bring for their clusters; without it none are taken. */
  readonly takeToken?: TakeToken;
  /** The servers there are, which agents are told; without it they know those they were given. */
  readonly roster?: ServerRoster;
  /** How many servers there are; as the roster says, or 1, unless given. */
  readonly serverCount?: () => number;
  /** How many connections a stock agent is to have, which share its load; 1 unless given. */
  readonly stripes?: number;
  /** 10 s unless given; agents give up after 5 s. */
  readonly dialTimeoutMs?: number;
  readonly backlog?: Partial<BacklogLimits>;
  readonly metrics?: MetricRegistry;
  readonly events?: Partial<AgentEvents>;
  /** Told of each connection when it has ended, and of each that an agent could not make. Costs something. */
  readonly onConnectionEnd?: (record: ConnectionRecord) => void;
}

/** A wanted connection. */
export interface TunnelDial {
  readonly cluster: string;
  /** `host:port` inside the cluster; its API server unless given. */
  readonly address?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** A connection that an agent is asked for. */
interface Dialled {
  random: bigint;
  readonly link: PacketLink;
  readonly cluster: string;
  readonly target: string;
}

const defaultDialTimeoutMs = 10_000;
const inspectEveryMs = 1000;
// Together at most 30 s until an agent that is frozen or cut off is noticed.
const keepAlive = { intervalMs: 10_000, timeoutMs: 15_000 };

/** The server's side of the tunnel: agents dial in, and connections to their clusters are made through them. */
export class TunnelServer implements AsyncDisposable {
  readonly #options: TunnelServerOptions;
  readonly #table = new ClusterTable();
  readonly #sessions = new WeakMap<object, Set<PacketLink>>();
  readonly #metrics: TunnelMetrics;
  readonly #totals = new LinkTotals();
  /** For what serves clients before this server, to count them in. */
  readonly frontends: FrontendMetrics;
  readonly #closing = new AbortController();
  readonly #server: GrpcServer;
  readonly #inspection: NodeJS.Timeout;

  constructor(options: TunnelServerOptions) {
    this.#options = options;
    const registry = options.metrics ?? new MetricRegistry();
    this.#metrics = createTunnelMetrics(registry);
    this.frontends = new FrontendMetrics(this.#metrics);
    registry.onCollect(() => this.#collect(), this.#closing.signal);
    const none = (): void => undefined;
    const events = {
      onConnect: none,
      onEnd: none,
      onRefuse: none,
      onCut: none,
      ...options.events,
    };
    this.#server = new GrpcServer({
      handlers: [
        createAgentService({
          serverId: options.serverId,
          stripes: options.stripes ?? 1,
          serverCount: options.serverCount ?? (() => options.roster?.current().count ?? 1),
          hasRoster: options.roster !== undefined,
          authenticate: options.authenticate,
          directory: options.directory,
          table: this.#table,
          sessions: this.#sessions,
          limits: { ...defaultBacklogLimits, ...options.backlog },
          metrics: this.#metrics,
          totals: this.#totals,
          events,
        }),
        ...(options.roster ? [createServersService(options.authenticate, options.roster)] : []),
        ...(options.sign ? [createCredentialsService(options.authenticate, options.sign)] : []),
        ...(options.takeToken ? [createTokenService(options.authenticate, options.takeToken)] : []),
      ],
      tls: { requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2", ...options.tls },
      onStream: (stream, headers) => this.#takeStream(stream, headers),
      windowBytes: widestWindowBytes,
      keepAlive,
      onError: (error) => events.onRefuse(String(error), { id: "", address: "" }),
    });
    this.#inspection = setInterval(() => this.#inspect(), inspectEveryMs).unref();
  }

  /** Starts to listen for agents. */
  listen(address: ListenAddress): Promise<ListenAddress> {
    return this.#server.listen(address);
  }

  /** Uses other certificates from now on; connections stay. */
  renewTls(tls: TlsOptions): void {
    this.#server.renewTls({ requestCert: true, rejectUnauthorized: false, ...tls });
  }

  /** Agents that are connected. */
  links(): readonly AgentLink[] {
    return [...this.#table.links()];
  }

  /** Breaks off the agents of a cluster, e.g. as their credential was revoked. */
  drop(cluster: string, why: string): void {
    for (const link of this.#table.linksOf(cluster)) link.destroy(why);
  }

  /**
   * Connects to a cluster. An agent that leaves before it has answered is replaced by the next.
   * @throws {DialError}
   */
  dial(dial: TunnelDial): Promise<Duplex> {
    const attributes = { "cellplane.cluster": dial.cluster };
    return inSpan("tunnel dial", { kind: SpanKind.CLIENT, attributes }, () => this.#dial(dial));
  }

  async #dial({ cluster, address, signal, timeoutMs }: TunnelDial): Promise<Duplex> {
    const started = performance.now();
    try {
      const route = this.#options.directory.routeOf(cluster);
      if (!route) throw new DialError("UnknownCluster", `there is no cluster "${cluster}"`);
      const wanted = address ?? route.upstream;
      if (wanted !== route.upstream && !route.allows?.(wanted)) {
        throw new DialError(
          "AddressDenied",
          `${wanted} may not be reached in cluster "${cluster}"`,
        );
      }
      const where = { address: wanted, isApiServer: wanted === route.upstream };
      const stream = await this.#dialAny(cluster, where, {
        signal,
        timeoutMs: timeoutMs ?? this.#options.dialTimeoutMs ?? defaultDialTimeoutMs,
      });
      this.#metrics.dials.observe({ cluster }, (performance.now() - started) / 1000);
      return stream;
    } catch (error) {
      const reason = error instanceof DialError ? error.reason : "Cancelled";
      this.#metrics.dialFailures.add({ cluster, reason });
      throw error;
    }
  }

  /** Tells agents that this server is going, and breaks off what is left after a while. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#inspection);
    this.#closing.abort();
    await this.#server.close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  async #dialAny(
    cluster: string,
    where: { readonly address: string; readonly isApiServer: boolean },
    limits: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
  ): Promise<Duplex> {
    const patience = new Patience(cluster, limits);
    const tried = new Set<PacketLink>();
    try {
      for (;;) {
        const link = this.#table.choose(cluster, tried);
        if (!link) {
          throw new DialError(
            "NoAgent",
            `No agent available: none is connected for cluster "${cluster}"`,
          );
        }
        tried.add(link);
        const started = performance.now();
        const dialled: Dialled = { random: 0n, link, cluster, target: where.address };
        const onNumber = (random: bigint): void => {
          dialled.random = random;
          tellSpan({
            "cellplane.tunnel.agent": link.agentId,
            "cellplane.tunnel.connection": String(random),
          });
        };
        try {
          const isNamed = where.isApiServer && link.peer.ownStreams;
          const address = isNamed ? apiServerAddress : where.address;
          const stream = await link.dial({ address, onNumber, signal: patience.signal });
          this.#follow(stream, dialled);
          return stream;
        } catch (error) {
          if (!(error instanceof DialError)) throw error;
          const durationMs = Math.round(performance.now() - started);
          const none = { sentBytes: 0, receivedBytes: 0, durationMs };
          this.#options.onConnectionEnd?.({ ...describe(dialled), ...none, why: error.message });
          // Nothing at all came back: not the target is at fault, but the agent.
          if (error.reason === "TimedOut" && !link.heardSince(started)) {
            link.destroy("the agent answered no dial in time");
          }
          if (error.reason !== "AgentLost" || patience.signal.aborted) throw error;
        }
      }
    } finally {
      patience.end();
    }
  }

  /** Tells of a connection when it is over. */
  #follow(stream: Duplex, dialled: Dialled): void {
    const started = performance.now();
    const { onConnectionEnd } = this.#options;
    const whyOf = onConnectionEnd && noteEnd(stream, { other: "target", own: "client" });
    const counts = onConnectionEnd && meterStream(stream);
    stream.once("close", () => {
      const durationMs = performance.now() - started;
      this.#metrics.connectionSeconds.observe({ cluster: dialled.cluster }, durationMs / 1000);
      if (!counts || !whyOf) return;
      const rounded = Math.round(durationMs);
      onConnectionEnd({ ...describe(dialled), ...counts, durationMs: rounded, why: whyOf() });
    });
  }

  #collect(): void {
    const { directory } = this.#options;
    const isKnown = (cluster: string): boolean => directory.routeOf(cluster) !== undefined;
    this.#totals.collect([...this.#table.links()], this.#metrics, isKnown);
    this.frontends.collect(isKnown);
  }

  #takeStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    if (headers[":path"] !== connectionPath) return false;
    const links = stream.session ? this.#sessions.get(stream.session) : undefined;
    const random = readRandom(headers[headerNames.dial]);
    for (const link of links ?? []) {
      if (random === undefined || !link.expects(random)) continue;
      stream.respond({ ":status": 200 });
      link.acceptStream(random, stream);
      return true;
    }
    // Whoever asked has given up meanwhile.
    stream.close(constants.NGHTTP2_CANCEL);
    return true;
  }

  #inspect(): void {
    const nowMs = performance.now();
    for (const link of this.#table.links()) link.inspect(nowMs);
  }
}

/** A caller's signal and a time limit as one signal, whose reason is a `DialError`. */
class Patience {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #callers: AbortSignal | undefined;
  readonly #cancel: () => void;

  constructor(
    cluster: string,
    { signal, timeoutMs }: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
  ) {
    this.#callers = signal;
    this.#cancel = () =>
      this.#controller.abort(new DialError("Cancelled", "the client gave up the dial"));
    this.#timer = setTimeout(() => {
      const why = `no agent of cluster "${cluster}" connected within ${timeoutMs / 1000} s`;
      this.#controller.abort(new DialError("TimedOut", why));
    }, timeoutMs);
    if (signal?.aborted) this.#cancel();
    else signal?.addEventListener("abort", this.#cancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#callers?.removeEventListener("abort", this.#cancel);
  }
}

function describe({
  random,
  link,
  cluster,
  target,
}: Dialled): Pick<ConnectionRecord, "id" | "agentId" | "cluster" | "target"> {
  return { id: String(random), cluster, agentId: link.agentId, target };
}

function readRandom(text: string | string[] | undefined): bigint | undefined {
  return typeof text === "string" && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}
