import { randomBytes } from "node:crypto";
import type { ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { Flow, GrpcError, MessageSink, MessageSource } from "@cellplane/grpc";
import { DialError, reasonOfAgentError } from "../protocol/dial-error.ts";
import { type DialResponse, type Packet, packetOf, payloadOf } from "../protocol/packet.ts";
import { activeTraceparent } from "../trace/in-span.ts";
import { countPacket, noPackets } from "../protocol/packet-counts.ts";
import type { AgentLink, LinkCounts, LinkDial } from "./agent-link.ts";
import { type BacklogLimits, judgeBacklog } from "./backlog.ts";
import { type ConnectionHost, StockConnection } from "./stock-connection.ts";
import { StreamWindow } from "./stream-window.ts";

/** Who is at the other end. */
export interface LinkPeer {
  readonly cluster: string;
  readonly agentId: string;
  readonly identity: string;
  readonly address: string;
  readonly agentVersion: string;
  /** By which name it knows this server. */
  readonly serverId: string;
  /** Each connection comes as an HTTP/2 stream of its own. */
  readonly ownStreams: boolean;
}

/** The agent's stream, and its session. */
export interface LinkStreams {
  readonly requests: MessageSource<Packet>;
  readonly responses: MessageSink<Packet>;
  /** Breaks off the session. */
  destroy(): void;
  /** Bytes of the session so far. */
  traffic(): { readonly sentBytes: number; readonly receivedBytes: number };
}

/** What a link tells. */
export interface LinkEvents {
  /** Once, when its stream has ended; by an error, if there is its code. */
  onEnd(link: PacketLink, why: string, code: string | undefined): void;
  /** A connection was cut to protect the others. */
  onCut(link: PacketLink, why: string): void;
}

interface PendingDial {
  readonly resolve: (connection: Duplex) => void;
  readonly reject: (error: Error) => void;
}

/** An agent that takes nothing for this long is broken off, in milliseconds. */
const stuckAfterMs = 10_000;

/** One agent stream, as the server has it. State hangs on this object alone: ids of other agents mean nothing here. */
export class PacketLink implements AgentLink {
  readonly peer: LinkPeer;
  readonly connectedAtMs: number = Date.now();
  readonly #streams: LinkStreams;
  readonly #events: LinkEvents;
  readonly #limits: BacklogLimits;
  readonly #pending = new Map<bigint, PendingDial>();
  readonly #connections = new Map<bigint, StockConnection>();
  readonly #backlogged = new Set<StockConnection>();
  readonly #raw = new Set<ServerHttp2Stream>();
  readonly #window = new StreamWindow();
  readonly #flow: Flow;
  readonly #host: ConnectionHost;
  #isOpen = true;
  #isDraining = false;
  #isHeld = false;
  readonly #sentPackets: number[] = noPackets();
  readonly #receivedPackets: number[] = noPackets();
  #sentBytes = 0;
  #takenBytes = 0;
  #takenAtMs = performance.now();
  #heardAtMs = performance.now();
  #why = "the agent has left";

  constructor(
    peer: LinkPeer,
    streams: LinkStreams,
    { events, limits }: { readonly events: LinkEvents; readonly limits: BacklogLimits },
  ) {
    this.peer = peer;
    this.#streams = streams;
    this.#events = events;
    this.#limits = limits;
    this.#host = this.#makeHost();
    this.#flow = streams.requests.consume({
      onMessage: (packet) => this.#receive(packet),
      onEnd: (error) => this.#end(error),
    });
  }

  get cluster(): string {
    return this.peer.cluster;
  }

  get agentId(): string {
    return this.peer.agentId;
  }

  get identity(): string {
    return this.peer.identity;
  }

  get address(): string {
    return this.peer.address;
  }

  get agentVersion(): string {
    return this.peer.agentVersion;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get counts(): LinkCounts {
    return {
      pendingDials: this.#pending.size,
      connections: this.#connections.size + this.#raw.size,
      ...this.#streams.traffic(),
      unsentBytes: this.#streams.responses.queuedBytes,
    };
  }

  /** The agent is held back as readers are slower than it sends. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** How many packets of each type went each way. */
  get packets(): { readonly sent: readonly number[]; readonly received: readonly number[] } {
    return { sent: this.#sentPackets, received: this.#receivedPackets };
  }

  dial({ address, signal, onNumber }: LinkDial): Promise<Duplex> {
    if (!this.#isOpen) return Promise.reject(this.#lost());
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    const random = randomBytes(8).readBigUInt64BE() >> 1n;
    onNumber?.(random);
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
    const giveUp = (): void => {
      if (!this.#pending.delete(random)) return;
      this.#send(packetOf("closeDial", { random }));
      reject(reasonOf(signal));
    };
    this.#pending.set(random, { resolve, reject });
    signal.addEventListener("abort", giveUp, { once: true });
    const traceparent = (this.peer.ownStreams && activeTraceparent()) || undefined;
    this.#send(packetOf("dialRequest", { protocol: "tcp", address, random, traceparent }));
    return promise.finally(() => signal.removeEventListener("abort", giveUp));
  }

  /** Whether a dial waits for its answer. */
  expects(random: bigint): boolean {
    return this.peer.ownStreams && this.#pending.has(random);
  }

  /** Takes the stream that an agent of ours opened for a dial; false: there is no such dial. */
  acceptStream(random: bigint, stream: ServerHttp2Stream): boolean {
    const pending = this.#pending.get(random);
    if (!pending || !this.peer.ownStreams) return false;
    this.#pending.delete(random);
    this.#heardAtMs = performance.now();
    this.#raw.add(stream);
    stream.once("close", () => this.#raw.delete(stream));
    pending.resolve(stream);
    return true;
  }

  /** Whether anything came since a moment of `performance.now()`. */
  heardSince(ms: number): boolean {
    return this.#heardAtMs >= ms;
  }

  destroy(why: string): void {
    this.#why = why;
    this.#streams.destroy();
  }

  /** Looks after what no event tells: an agent that takes nothing, readers that stand still. */
  inspect(nowMs: number): void {
    const { queuedBytes } = this.#streams.responses;
    const taken = this.#sentBytes - queuedBytes;
    if (queuedBytes === 0 || taken !== this.#takenBytes) {
      this.#takenBytes = taken;
      this.#takenAtMs = nowMs;
    } else if (nowMs - this.#takenAtMs > stuckAfterMs) {
      this.destroy(`the agent took nothing for ${stuckAfterMs / 1000} s`);
    }
    if (this.#backlogged.size > 0) this.#judge(nowMs);
    const [raw] = this.#raw;
    this.#window.fit(raw?.session, this.#raw);
  }

  #makeHost(): ConnectionHost {
    return {
      sendData: (connectId, data) => {
        this.#sentBytes += data.length;
        return this.#send(packetOf("data", { connectId, error: "", data }));
      },
      drained: () => this.#streams.responses.drained(),
      sendClose: (connectId) => void this.#send(packetOf("closeRequest", { connectId })),
      forget: (connectId) => void this.#connections.delete(connectId),
      backlogChanged: (connection) => {
        const { softBytes } = this.#limits;
        if (connection.readableLength > softBytes && !connection.destroyed) {
          this.#backlogged.add(connection);
        } else if (!this.#backlogged.delete(connection)) return;
        this.#judge(performance.now());
      },
    };
  }

  #send(packet: Packet): boolean {
    if (!this.#isOpen) return true;
    countPacket(this.#sentPackets, packet);
    return this.#streams.responses.send(packet);
  }

  #judge(nowMs: number): void {
    const { hold, cut } = judgeBacklog(this.#backlogged, nowMs, this.#limits);
    if (hold !== this.#isHeld) {
      this.#isHeld = hold;
      if (hold) this.#flow.pause();
      else this.#flow.resume();
    }
    for (const { connection, why } of cut) {
      this.#backlogged.delete(connection);
      connection.destroy(new Error(`The connection was cut as ${why}`));
      this.#events.onCut(this, why);
    }
  }

  #receive(packet: Packet): void {
    countPacket(this.#receivedPackets, packet);
    this.#heardAtMs = performance.now();
    const payload = payloadOf(packet);
    switch (payload?.kind) {
      case "dialResponse":
        return this.#answered(payload.value);
      case "data":
        return this.#receiveData(payload.value.connectId, payload.value.data);
      case "closeResponse":
        return this.#connections.get(payload.value.connectId)?.ended(payload.value.error);
      case "drain":
        this.#isDraining = true;
        return;
      case "closeRequest":
        this.#connections.get(payload.value.connectId)?.ended("");
        return;
      default:
        // Kinds of later versions, and packets that only servers send.
        return;
    }
  }

  #receiveData(connectId: bigint, data: Uint8Array): void {
    const connection = this.#connections.get(connectId);
    if (connection) connection.receive(data);
    else if (connectId !== 0n) this.#send(packetOf("closeRequest", { connectId }));
  }

  #answered({ random, error, connectId }: DialResponse): void {
    const pending = this.#pending.get(random);
    if (!pending) {
      // Whoever asked has given up; the agent must not keep what it opened.
      if (error === "" && connectId !== 0n && !this.#connections.has(connectId)) {
        this.#send(packetOf("closeRequest", { connectId }));
      }
      return;
    }
    this.#pending.delete(random);
    if (error !== "") {
      const reason = reasonOfAgentError(error);
      pending.reject(new DialError(reason, `agent of cluster "${this.cluster}": ${error}`));
    } else if (connectId === 0n || this.#connections.has(connectId)) {
      pending.reject(new DialError("Failed", `agent of cluster "${this.cluster}" reused a number`));
      this.destroy(`the agent gave connection ${connectId} twice`);
    } else {
      const connection = new StockConnection(connectId, this.#host);
      this.#connections.set(connectId, connection);
      pending.resolve(connection);
    }
  }

  #end(error: GrpcError | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (error) this.#why = `${this.#why} (${error.message})`;
    for (const { reject } of this.#pending.values()) reject(this.#lost());
    this.#pending.clear();
    for (const connection of this.#connections.values()) {
      connection.destroy(new Error(`The connection to cluster "${this.cluster}" is lost`));
    }
    for (const stream of this.#raw) stream.destroy();
    this.#connections.clear();
    this.#backlogged.clear();
    this.#events.onEnd(this, this.#why, error?.status);
  }

  #lost(): DialError {
    return new DialError(
      "AgentLost",
      `the agent of cluster "${this.cluster}" left before it had answered`,
    );
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error("The dial was given up");
}
