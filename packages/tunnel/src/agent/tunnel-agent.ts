import type { GrpcChannelOptions } from "@cellplane/grpc";
import { MetricRegistry } from "@cellplane/metrics";
import { type ConnectionListener, ConnectionObserver } from "./connection-observer.ts";
import { type ServerAddress, ServerAddresses } from "./server-addresses.ts";
import { createAgentMetrics } from "./agent-metrics.ts";
import { BufferPool } from "./buffer-pool.ts";
import { type LinkOptions, ServerLink } from "./server-link.ts";

/** What happens to the agent, for its log. */
export interface TunnelAgentEvents {
  readonly onConnect: (server: string, serverId: string) => void;
  readonly onLost: (server: string, why: string) => void;
  /** The servers that it should be connected to are others now. */
  readonly onServers: (servers: readonly string[]) => void;
}

/** How an agent runs. */
export interface TunnelAgentOptions extends Omit<
  LinkOptions,
  "channel" | "onServers" | "buffers" | "observer"
> {
  /** `host:port` of the servers to begin with; a name stands for all its addresses. They tell of others. */
  readonly servers: readonly string[];
  /** Called for each connection, so that renewed certificates are used; it may open it, e.g. through a proxy. */
  readonly channelOf: (
    server: { readonly host: string; readonly address: string },
    signal: AbortSignal,
  ) => GrpcChannelOptions | Promise<GrpcChannelOptions>;
  /** How long connections may go on through a server that there is no longer; 30 s unless given. */
  readonly leaveGraceMs?: number;
  readonly events?: Partial<TunnelAgentEvents>;
  /** Told once of each connection: when it has ended, or could not be made. */
  readonly onConnectionEnd?: ConnectionListener;
  readonly metrics?: MetricRegistry;
  readonly pauses?: Partial<AgentPauses>;
}

/** How long an agent waits before it tries again, in milliseconds; each is shortened by chance to half of it at most. */
export interface AgentPauses {
  /** After a connection was lost, and after the first failure. 1 s unless given. */
  readonly leastMs: number;
  /** After many failures. 10 s unless given. */
  readonly mostMs: number;
}

const defaultPauses: AgentPauses = { leastMs: 1000, mostMs: 10_000 };
const resolveEveryMs = 30_000;
const defaultLeaveGraceMs = 30_000;
// Another way to a server that is connected already may lead elsewhere one day.
const tryKnownAgainMs = 60_000;

/** What keeps a connection to one address. */
interface Keeper {
  readonly address: ServerAddress;
  readonly leaving: AbortController;
  readonly done: Promise<void>;
}

type Outcome =
  /** It was connected. */
  | { readonly kind: "lost" }
  | { readonly kind: "failed" }
  /** It had reached a server that it is connected to already. */
  | { readonly kind: "known"; readonly link: ServerLink | undefined };

/** The member's side of the tunnel: keeps a connection to every server. */
export class TunnelAgent implements AsyncDisposable {
  readonly #options: TunnelAgentOptions;
  readonly #buffers = new BufferPool();
  readonly #observer: ConnectionObserver;
  readonly #stopping = new AbortController();
  readonly #addresses: ServerAddresses;
  /** By `host:port`, and by server behind a load balancer. */
  readonly #keepers = new Map<string, Keeper>();
  readonly #links = new Map<string, ServerLink>();
  readonly #running: Promise<void>;
  readonly #pauses: AgentPauses;
  #serverCount = 1;
  #isChanged = true;

  constructor(options: TunnelAgentOptions) {
    this.#options = options;
    this.#pauses = { ...defaultPauses, ...options.pauses };
    this.#addresses = new ServerAddresses(options.servers);
    const registry = options.metrics ?? new MetricRegistry();
    const metrics = createAgentMetrics(registry);
    this.#observer = new ConnectionObserver(options, metrics, options.onConnectionEnd);
    registry.onCollect(() => {
      metrics.serverConnections.set({}, this.#links.size);
      metrics.knownServers.set({}, this.#serverCount);
      metrics.endpointConnections.set({}, this.connections);
    }, this.#stopping.signal);
    this.#running = this.#run();
  }

  /** Ids of the servers that it is connected to. */
  get servers(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** Connections that go through it. */
  get connections(): number {
    let sum = 0;
    for (const link of this.#links.values()) sum += link.connections;
    return sum;
  }

  /** Asks servers for no more dials, and waits until connections are over or the time is. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping.abort();
    for (const link of this.#links.values()) link.drain();
    const deadline = performance.now() + graceMs;
    while (this.connections > 0 && performance.now() < deadline) await pause(50);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    await this.#running;
    await Promise.all([...this.#keepers.values()].map(({ done }) => done));
    await this.#observer.close();
  }

  /** Keeps as many connections as there are addresses, and as many more as servers say there are. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let resolvedAtMs = Number.NEGATIVE_INFINITY;
    let addresses: readonly ServerAddress[] = [];
    while (!signal.aborted) {
      const isOld = performance.now() - resolvedAtMs > resolveEveryMs;
      if (isOld || this.#isChanged || addresses.length === 0) {
        this.#isChanged = false;
        addresses = await this.#addresses.resolve();
        resolvedAtMs = performance.now();
        this.#leaveOthers(addresses);
      }
      const wanted = Math.max(addresses.length, this.#serverCount);
      for (let i = 0; i < wanted; i++) {
        const address = addresses[i % Math.max(1, addresses.length)];
        // Behind one address of a load balancer there may be several servers.
        if (address) this.#keep(address, Math.floor(i / addresses.length));
      }
      await pause(this.#pauses.leastMs, signal);
    }
  }

  #told(serverId: string, servers: readonly string[]): void {
    const before = this.#addresses.wanted.join();
    this.#addresses.tell(serverId, servers);
    const { wanted } = this.#addresses;
    if (wanted.join() === before) return;
    this.#isChanged = true;
    this.#options.events?.onServers?.(wanted);
  }

  #leaveOthers(addresses: readonly ServerAddress[]): void {
    const wanted = new Set(addresses.map(({ address }) => address));
    for (const { address, leaving } of this.#keepers.values()) {
      if (!wanted.has(address.address)) leaving.abort();
    }
  }

  #keep(address: ServerAddress, nth: number): void {
    const key = `${address.address}#${nth}`;
    if (this.#keepers.has(key)) return;
    const leaving = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, leaving.signal]);
    const done = this.#keepOn(address, nth > 0, { signal, leaving: leaving.signal }).finally(() =>
      this.#keepers.delete(key),
    );
    this.#keepers.set(key, { address, leaving, done });
  }

  /** Connects again and again; a further connection to one address ends where it finds nobody new. */
  async #keepOn(
    address: ServerAddress,
    isFurther: boolean,
    { signal, leaving }: { readonly signal: AbortSignal; readonly leaving: AbortSignal },
  ): Promise<void> {
    const { leastMs, mostMs } = this.#pauses;
    for (let pauseMs = leastMs; !signal.aborted;) {
      const outcome = await this.#connectOnce(address, signal, leaving);
      if (outcome.kind === "known") {
        // A load balancer may lead to another server the next time.
        const isComplete = this.#links.size >= this.#serverCount;
        if (isFurther) return pause(jittered(isComplete ? mostMs : leastMs), signal);
        await pauseWhile(outcome.link, isComplete ? tryKnownAgainMs : mostMs, signal);
        pauseMs = leastMs;
        continue;
      }
      pauseMs = outcome.kind === "lost" ? leastMs : Math.min(pauseMs * 1.5, mostMs);
      await pause(jittered(pauseMs), signal);
    }
  }

  async #connectOnce(
    { server, host, address }: ServerAddress,
    signal: AbortSignal,
    leaving: AbortSignal,
  ): Promise<Outcome> {
    const { events, leaveGraceMs = defaultLeaveGraceMs } = this.#options;
    let id: string | undefined;
    let told: readonly string[] | undefined;
    try {
      const channel = await this.#options.channelOf({ host, address }, signal);
      const link = new ServerLink({
        ...this.#options,
        channel,
        buffers: this.#buffers,
        observer: this.#observer,
        onServers: ({ servers, count }) => {
          this.#serverCount = count;
          if (id === undefined) told = servers;
          else this.#told(id, servers);
        },
      });
      const { serverId, serverCount } = await link.greeting;
      this.#serverCount = serverCount;
      const known = this.#links.get(serverId);
      if (known || signal.aborted) {
        await link.close();
        return { kind: "known", link: known };
      }
      id = serverId;
      this.#links.set(serverId, link);
      events?.onConnect?.(server, serverId);
      if (told) this.#told(serverId, told);
      const leave = (): void => void link.leave(leaveGraceMs);
      leaving.addEventListener("abort", leave, { once: true });
      const why = await link.ended;
      leaving.removeEventListener("abort", leave);
      this.#links.delete(serverId);
      this.#addresses.forget(serverId);
      const left = leaving.aborted ? "there is no such server any more" : undefined;
      events?.onLost?.(server, left ?? why?.message ?? "the server ended the stream");
      return { kind: "lost" };
    } catch (error) {
      events?.onLost?.(server, error instanceof Error ? error.message : String(error));
      return { kind: "failed" };
    }
  }
}

/** Between half and all of it, so that agents of one server do not come back at once. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}

/** Waits for as long as a link lasts, at most a while. */
async function pauseWhile(
  link: ServerLink | undefined,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  void link?.ended.then(() => over.abort());
  await pause(jittered(ms), AbortSignal.any([signal, over.signal]));
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted) return Promise.resolve();
  const end = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  signal?.addEventListener("abort", end, { once: true });
  return promise;
}
