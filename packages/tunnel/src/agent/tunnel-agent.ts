import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { GrpcChannelOptions } from "@cellplane/grpc";
import { formatAddress, parseAddress } from "../protocol/address.ts";
import { type LinkOptions, ServerLink } from "./server-link.ts";

/** What happens to the agent, for its log. */
export interface TunnelAgentEvents {
  readonly onConnect: (server: string, serverId: string) => void;
  readonly onLost: (server: string, why: string) => void;
}

/** How an agent runs. */
export interface TunnelAgentOptions extends Omit<LinkOptions, "channel"> {
  /** `host:port` of the servers; a name stands for all its addresses. */
  readonly servers: readonly string[];
  /** Called for each connection, so that renewed certificates are used; it may open it, e.g. through a proxy. */
  readonly channelOf: (
    server: { readonly host: string; readonly address: string },
    signal: AbortSignal,
  ) => GrpcChannelOptions | Promise<GrpcChannelOptions>;
  readonly events?: Partial<TunnelAgentEvents>;
}

const leastPauseMs = 1000;
const mostPauseMs = 10_000;
const resolveEveryMs = 30_000;
const syncEveryMs = 1000;

/** The member's side of the tunnel: keeps a connection to every server. */
export class TunnelAgent implements AsyncDisposable {
  readonly #options: TunnelAgentOptions;
  readonly #stopping = new AbortController();
  /** By `host:port`, and by server behind a load balancer. */
  readonly #keepers = new Map<string, Promise<void>>();
  readonly #links = new Map<string, ServerLink>();
  readonly #running: Promise<void>;
  #serverCount = 1;

  constructor(options: TunnelAgentOptions) {
    this.#options = options;
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
    await Promise.all(this.#keepers.values());
  }

  /** Keeps as many connections as there are addresses, and as many more as servers say there are. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let resolvedAtMs = Number.NEGATIVE_INFINITY;
    let addresses: readonly ServerAddress[] = [];
    while (!signal.aborted) {
      if (performance.now() - resolvedAtMs > resolveEveryMs || addresses.length === 0) {
        addresses = await this.#resolve();
        resolvedAtMs = performance.now();
      }
      const wanted = Math.max(addresses.length, this.#serverCount);
      for (let i = 0; i < wanted; i++) {
        const address = addresses[i % Math.max(1, addresses.length)];
        // Behind one address of a load balancer there may be several servers.
        if (address) this.#keep(address, Math.floor(i / addresses.length));
      }
      await pause(syncEveryMs, signal);
    }
  }

  async #resolve(): Promise<readonly ServerAddress[]> {
    const all = await Promise.all(this.#options.servers.map((server) => resolveServer(server)));
    return all.flat();
  }

  #keep(address: ServerAddress, nth: number): void {
    const key = `${address.address}#${nth}`;
    if (this.#keepers.has(key)) return;
    const keeper = this.#keepOn(address, nth > 0).finally(() => this.#keepers.delete(key));
    this.#keepers.set(key, keeper);
  }

  /** Connects again and again; a further connection to one address ends where it finds nobody new. */
  async #keepOn(address: ServerAddress, isFurther: boolean): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = leastPauseMs; !signal.aborted;) {
      const outcome = await this.#connectOnce(address);
      if (outcome === "known" && isFurther) {
        // A load balancer may lead to another server the next time.
        const isComplete = this.#links.size >= this.#serverCount;
        await pause(jittered(isComplete ? mostPauseMs : leastPauseMs), signal);
        return;
      }
      pauseMs = outcome === "lost" ? leastPauseMs : Math.min(pauseMs * 1.5, mostPauseMs);
      await pause(jittered(pauseMs), signal);
    }
  }

  /** `lost`: it was connected; `known`: it had reached a server that it is connected to already. */
  async #connectOnce({
    server,
    host,
    address,
  }: ServerAddress): Promise<"lost" | "failed" | "known"> {
    const { events } = this.#options;
    try {
      const { signal } = this.#stopping;
      const channel = await this.#options.channelOf({ host, address }, signal);
      const link = new ServerLink({ ...this.#options, channel });
      const { serverId, serverCount } = await link.greeting;
      this.#serverCount = serverCount;
      if (this.#links.has(serverId) || this.#stopping.signal.aborted) {
        await link.close();
        return "known";
      }
      this.#links.set(serverId, link);
      events?.onConnect?.(server, serverId);
      const why = await link.ended;
      this.#links.delete(serverId);
      events?.onLost?.(server, why?.message ?? "the server ended the stream");
      return "lost";
    } catch (error) {
      events?.onLost?.(server, error instanceof Error ? error.message : String(error));
      return "failed";
    }
  }
}

interface ServerAddress {
  /** As it was given. */
  readonly server: string;
  /** For the check of the server's certificate. */
  readonly host: string;
  readonly address: string;
}

async function resolveServer(server: string): Promise<readonly ServerAddress[]> {
  const parsed = parseAddress(server);
  if (!parsed) return [];
  const { host, port } = parsed;
  if (isIP(host) !== 0) return [{ server, host, address: server }];
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => ({
      server,
      host,
      address: formatAddress({ host: address, port }),
    }));
  } catch {
    // A proxy may know the name.
    return [{ server, host, address: server }];
  }
}

/** Between half and all of it, so that agents of one server do not come back at once. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
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
