import type { ClientHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { SpanKind } from "@opentelemetry/api";
import {
  type ClientCall,
  GrpcChannel,
  type GrpcChannelOptions,
  type Metadata,
} from "@cellplane/grpc";
import { endTogether, passOn } from "../link/join-streams.ts";
import { StreamWindow, widestWindowBytes } from "../link/stream-window.ts";
import {
  apiServerAddress,
  connectionPath,
  connectMethod,
  hasCapability,
  headerNames,
  ownStreams,
  type ServerList,
  tellsServers,
  watchServersMethod,
} from "../protocol/methods.ts";
import { type DialRequest, type Packet, packetOf, payloadOf } from "../protocol/packet.ts";
import { type AgentTargets, dialErrorText, dialTarget } from "./agent-targets.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { ConnectionObserver } from "./connection-observer.ts";
import { inSpan } from "../trace/in-span.ts";
import { SharedConnection } from "./shared-connection.ts";
import { SocketReads } from "./socket-reads.ts";

/** Who the agent is, and what it opens. */
export interface LinkOptions {
  readonly channel: GrpcChannelOptions;
  readonly agentId: string;
  readonly cluster: string;
  readonly targets: AgentTargets;
  /** What targets send is read into these. */
  readonly buffers: BufferPool;
  readonly observer: ConnectionObserver;
  /** A bearer token, read anew for each connection. */
  readonly token?: () => string | undefined;
  /** Told the servers that there are, by one that tells; again when they change. */
  readonly onServers?: (list: ServerList) => void;
}

/** What a server said of itself. */
export interface ServerGreeting {
  readonly serverId: string;
  readonly serverCount: number;
}

// A stock server ends the connection of an agent that asks more often.
const keepAlive = { intervalMs: 30_000, timeoutMs: 10_000 };
const greetingTimeoutMs = 10_000;
const lookEveryMs = 50;
const inspectEveryMs = 1000;
const maxServers = 1000;

/** One connection from the agent to one server. */
export class ServerLink {
  readonly #options: LinkOptions;
  readonly #channel: GrpcChannel;
  readonly #call: ClientCall<Packet, Packet>;
  readonly #greeting = Promise.withResolvers<ServerGreeting>();
  readonly #ended = Promise.withResolvers<Error | undefined>();
  /** Connections that share the stream, by their numbers: towards stock servers. */
  readonly #shared = new Map<bigint, SharedConnection>();
  readonly #own = new Set<ClientHttp2Stream>();
  readonly #window = new StreamWindow();
  readonly #inspection: NodeJS.Timeout;
  #lastId = 0n;
  #hasOwnStreams = false;
  #isOver = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#channel = new GrpcChannel({
      windowBytes: widestWindowBytes,
      keepAlive,
      ...options.channel,
    });
    this.#inspection = setInterval(() => this.#inspect(), inspectEveryMs).unref();
    this.#greeting.promise.catch(() => undefined);
    const late = setTimeout(() => {
      this.#greeting.reject(new Error("the server is no tunnel server: it sent no server id"));
      this.#call.cancel();
    }, greetingTimeoutMs);
    this.#call = this.#channel.bidi(connectMethod, {
      metadata: this.#metadata(),
      onHeaders: (metadata) => {
        if (this.#greet(metadata)) clearTimeout(late);
      },
    });
    this.#call.consume({
      onMessage: (packet) => this.#receive(packet),
      onEnd: (error) => {
        clearTimeout(late);
        this.#over(error);
      },
    });
  }

  /** @throws {Error} The server refused, or is none. */
  get greeting(): Promise<ServerGreeting> {
    return this.#greeting.promise;
  }

  /** Resolves with the reason when the link is over. */
  get ended(): Promise<Error | undefined> {
    return this.#ended.promise;
  }

  get connections(): number {
    return this.#shared.size + this.#own.size;
  }

  /** Asks the server for no more dials. */
  drain(): void {
    this.#call.send(packetOf("drain", {}));
  }

  /** Asks for no more dials, and closes when the connections under way are over or the time is. */
  async leave(graceMs: number): Promise<void> {
    this.drain();
    const deadline = performance.now() + graceMs;
    while (this.connections > 0 && !this.#isOver && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    await this.close();
  }

  async close(): Promise<void> {
    this.#call.end();
    await this.#channel[Symbol.asyncDispose]();
  }

  #metadata(): Metadata {
    const { agentId, cluster, token } = this.#options;
    const bearer = token?.()?.trim();
    return {
      [headerNames.agentId]: agentId,
      [headerNames.agentIdentifiers]: `host=${cluster}`,
      [headerNames.cluster]: cluster,
      [headerNames.capabilities]: ownStreams,
      ...(bearer ? { [headerNames.authorization]: `Bearer ${bearer}` } : {}),
    };
  }

  /** False: there is no greeting, and a refusal that says why comes next. */
  #greet(metadata: Metadata): boolean {
    const serverId = metadata[headerNames.serverId];
    const count = Number(metadata[headerNames.serverCount]);
    if (typeof serverId !== "string" || !Number.isInteger(count)) return false;
    const capabilities = String(metadata[headerNames.capabilities] ?? "");
    this.#hasOwnStreams = hasCapability(capabilities, ownStreams);
    if (hasCapability(capabilities, tellsServers)) this.#watchServers();
    this.#greeting.resolve({ serverId, serverCount: Math.max(1, count) });
    return true;
  }

  #watchServers(): void {
    const { onServers } = this.#options;
    if (!onServers) return;
    const options = { metadata: this.#metadata() };
    this.#channel.serverStream(watchServersMethod, new Uint8Array(), options).consume({
      onMessage: (message) => {
        const list = parseServers(message);
        if (list) onServers(list);
      },
      // What was told last counts until the connection is over.
      onEnd: () => undefined,
    });
  }

  #receive(packet: Packet): void {
    const payload = payloadOf(packet);
    switch (payload?.kind) {
      case "dialRequest":
        void this.#dial(payload.value);
        return;
      case "data": {
        const { connectId, data } = payload.value;
        const connection = this.#shared.get(connectId);
        if (connection) connection.write(data);
        else if (connectId !== 0n) this.#refuseId(connectId, "unrecognized connectID");
        return;
      }
      case "closeRequest": {
        const connection = this.#shared.get(payload.value.connectId);
        if (connection) connection.end();
        else this.#refuseId(payload.value.connectId, "Unknown connectID");
        return;
      }
      default:
        // A dial that was given up ends when its answer comes; other kinds are of later versions.
        return;
    }
  }

  #inspect(): void {
    const [stream] = this.#own;
    this.#window.fit(stream?.session, this.#own);
  }

  #refuseId(connectId: bigint, error: string): void {
    this.#call.send(packetOf("closeResponse", { connectId, error }));
  }

  async #dial(request: DialRequest): Promise<void> {
    const { random, address } = request;
    const { targets, buffers } = this.#options;
    // Packets are put together later than a buffer may be used again.
    const reads = this.#hasOwnStreams ? new SocketReads(buffers) : undefined;
    const target = address === apiServerAddress ? targets.target : address;
    const dial = { random, target, startedMs: performance.now() };
    let socket: Socket;
    try {
      socket = await traceDial(this.#options, request, () =>
        dialTarget(targets, { ...request, onread: reads?.options }),
      );
    } catch (error) {
      const text = dialErrorText(targets, address, error);
      this.#options.observer.failed(dial, text);
      this.#call.send(packetOf("dialResponse", { random, error: text, connectId: 0n }));
      return;
    }
    this.#options.observer.connected(socket, dial);
    if (this.#isOver) socket.destroy();
    else if (reads) this.#openOwn(random, { socket, reads });
    else this.#openShared(random, socket);
  }

  #openOwn(
    random: bigint,
    { socket, reads }: { readonly socket: Socket; readonly reads: SocketReads },
  ): void {
    const stream = this.#tryStream(random);
    if (!stream) {
      socket.destroy();
      const error = "the agent's connection to the server is over";
      this.#call.send(packetOf("dialResponse", { random, error, connectId: 0n }));
      return;
    }
    this.#own.add(stream);
    stream.once("close", () => this.#own.delete(stream));
    passOn(stream, socket);
    endTogether(socket, stream);
    socket.once("end", () => stream.end());
    reads.start(socket, (bytes, done) => {
      if (stream.write(bytes, done)) return true;
      stream.once("drain", () => socket.resume());
      return false;
    });
  }

  #tryStream(random: bigint): ClientHttp2Stream | undefined {
    try {
      return this.#channel.openStream({
        ":method": "POST",
        ":path": connectionPath,
        [headerNames.dial]: String(random),
      });
    } catch {
      return undefined;
    }
  }

  #openShared(random: bigint, socket: Socket): void {
    const connectId = ++this.#lastId;
    const connection = new SharedConnection(socket, {
      send: (data) => this.#call.send(packetOf("data", { connectId, error: "", data })),
      drained: () => this.#call.drained(),
      ended: (error) => {
        this.#shared.delete(connectId);
        this.#call.send(packetOf("closeResponse", { connectId, error }));
      },
    });
    this.#shared.set(connectId, connection);
    this.#call.send(packetOf("dialResponse", { random, error: "", connectId }));
    connection.start();
  }

  #over(error: Error | undefined): void {
    this.#isOver = true;
    clearInterval(this.#inspection);
    this.#greeting.reject(error ?? new Error("the server ended the stream"));
    for (const connection of this.#shared.values()) connection.destroy();
    this.#ended.resolve(error);
    void this.#channel[Symbol.asyncDispose]();
  }
}

/** Dials in a span, a child of the one that the server told of. */
function traceDial<T>(
  { cluster, agentId }: LinkOptions,
  { random, address, traceparent }: DialRequest,
  dial: () => Promise<T>,
): Promise<T> {
  const attributes = {
    "cellplane.cluster": cluster,
    "cellplane.tunnel.agent": agentId,
    "cellplane.tunnel.connection": String(random),
    "cellplane.tunnel.address": address,
  };
  const parent = { traceparent };
  return inSpan("tunnel agent dial", { kind: SpanKind.SERVER, attributes, parent }, dial);
}

/** What a server told, if it is a list with at least one server. */
function parseServers(message: Uint8Array): ServerList | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(message).toString("utf8"));
  } catch {
    return undefined;
  }
  const { servers, count } = (parsed ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(servers) || servers.length === 0 || servers.length > maxServers) {
    return undefined;
  }
  const named = servers.filter((server) => typeof server === "string");
  return { servers: named, count: Math.max(1, Number(count) || 1) };
}
