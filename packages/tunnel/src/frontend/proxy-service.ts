import type { Duplex } from "node:stream";
import { type GrpcHandler, handleBidi, type MessageSink, type ServerCall } from "@cellplane/grpc";
import { DialError } from "../protocol/dial-error.ts";
import { headerNames, proxyMethod } from "../protocol/methods.ts";
import {
  type DialRequest,
  maxSentBytes,
  type Packet,
  packetOf,
  payloadOf,
} from "../protocol/packet.ts";
import { certificateOf } from "./authorize.ts";
import { findDestination } from "./find-cluster.ts";
import type { FrontendHost } from "./frontend-host.ts";
import { type ClientCounts, noClientCounts } from "../server/frontend-metrics.ts";
import { addPackets, countPacket } from "../protocol/packet-counts.ts";

/** `ProxyService/Proxy`: one connection on each stream, as the stock client makes them. */
export function createProxyService(host: FrontendHost): GrpcHandler {
  return handleBidi(proxyMethod, async ({ requests, responses }, call) => {
    const over = Promise.withResolvers<void>();
    host.metrics.streams += 1;
    const session = new ProxySession(host, { call, responses, end: over.resolve });
    const flow = requests.consume({
      onMessage: (packet) => session.receive(packet, flow),
      onEnd: (error) => session.close(error?.status),
    });
    call.sendHeaders();
    await over.promise;
    host.metrics.streams -= 1;
    session.settle();
  });
}

// The only connection of a stream; stock clients take any number but 0.
const connectId = 1n;

class ProxySession {
  readonly #host: FrontendHost;
  readonly #call: ServerCall;
  readonly #responses: MessageSink<Packet>;
  readonly #end: () => void;
  readonly #dialling = new AbortController();
  #random: bigint | undefined;
  #target: Duplex | undefined;
  #isClosed = false;
  /** Empty until it is clear that there is such a cluster. */
  #cluster = "";
  #counts: ClientCounts = noClientCounts();

  constructor(
    host: FrontendHost,
    parts: {
      readonly call: ServerCall;
      readonly responses: MessageSink<Packet>;
      readonly end: () => void;
    },
  ) {
    this.#host = host;
    this.#call = parts.call;
    this.#responses = parts.responses;
    this.#end = parts.end;
  }

  receive(packet: Packet, flow: { pause(): void; resume(): void }): void {
    countPacket(this.#counts.fromClient, packet);
    const payload = payloadOf(packet);
    switch (payload?.kind) {
      case "dialRequest":
        void this.#dial(payload.value);
        return;
      case "closeDial":
        if (payload.value.random === this.#random && !this.#target) this.#dialling.abort();
        return;
      case "data":
        return this.#write(payload.value.connectId, payload.value.data, flow);
      case "closeRequest":
        return this.#closeRequested(payload.value.connectId);
      default:
        return;
    }
  }

  /** The client's stream is over; by an error, if there is its code. */
  close(code?: string): void {
    if (code && !this.#isClosed) this.#host.metrics.failed(this.#cluster, code);
    this.#isClosed = true;
    // An abort makes an error with its stack, so only where a dial is to hear of it.
    if (this.#random !== undefined && !this.#target) this.#dialling.abort();
    this.#target?.destroy();
    this.#end();
  }

  /** Counts for its cluster what was counted so far. */
  settle(): void {
    const counts = this.#host.metrics.of(this.#cluster);
    if (counts === this.#counts) return;
    addPackets(counts.fromClient, this.#counts.fromClient);
    addPackets(counts.toClient, this.#counts.toClient);
    this.#counts = counts;
  }

  #send(packet: Packet): boolean {
    countPacket(this.#counts.toClient, packet);
    return this.#responses.send(packet);
  }

  async #dial({ protocol, address, random }: DialRequest): Promise<void> {
    if (this.#random !== undefined) return this.close();
    this.#random = random;
    try {
      if (protocol !== "tcp")
        throw new DialError("AddressDenied", `protocol "${protocol}" is not tcp`);
      const header = this.#call.metadata[headerNames.cluster];
      const destination = findDestination(address, {
        header: typeof header === "string" ? header : undefined,
        suffix: this.#host.suffix,
      });
      const client = { certificate: certificateOf(this.#call.peer.tls) };
      if (!this.#host.authorize(client, destination)) {
        throw new DialError("Denied", `the client may not reach cluster "${destination.cluster}"`);
      }
      const target = await this.#host.dial({ ...destination, signal: this.#dialling.signal });
      this.#cluster = destination.cluster;
      this.settle();
      this.#connected(target, random);
    } catch (error) {
      const text = error instanceof DialError ? error.text : String(error);
      this.#send(packetOf("dialResponse", { random, error: text, connectId: 0n }));
    }
  }

  #connected(target: Duplex, random: bigint): void {
    if (this.#isClosed) {
      target.destroy();
      return;
    }
    this.#target = target;
    this.#send(packetOf("dialResponse", { random, error: "", connectId }));
    target.on("data", (chunk: Buffer) => this.#forward(target, chunk));
    target.once("end", () => this.#ended(""));
    target.on("error", (error) => this.#ended(error.message));
    target.once("close", () => this.#ended(""));
  }

  #forward(target: Duplex, chunk: Buffer): void {
    let hasRoom = true;
    for (let at = 0; at < chunk.length; at += maxSentBytes) {
      const data = chunk.subarray(at, at + maxSentBytes);
      hasRoom = this.#send(packetOf("data", { connectId, error: "", data }));
    }
    const { metrics } = this.#host;
    if (hasRoom) {
      metrics.written(this.#cluster, 0);
      return;
    }
    const heldAtMs = performance.now();
    target.pause();
    this.#responses.drained().then(
      () => {
        metrics.written(this.#cluster, (performance.now() - heldAtMs) / 1000);
        target.resume();
      },
      () => target.destroy(),
    );
  }

  #write(id: bigint, data: Uint8Array, flow: { pause(): void; resume(): void }): void {
    const target = this.#target;
    if (!target || id !== connectId) {
      if (id !== 0n) {
        this.#send(packetOf("closeResponse", { connectId: id, error: "Unknown connectID" }));
      }
      // A second connection on one stream ends both, as at a stock server.
      if (target && id !== 0n) this.close();
      return;
    }
    if (target.write(data)) return;
    flow.pause();
    target.once("drain", () => flow.resume());
  }

  #closeRequested(id: bigint): void {
    if (!this.#target || id !== connectId) {
      this.#send(packetOf("closeResponse", { connectId: id, error: "Unknown connectID" }));
      return;
    }
    // `end` and not `destroy`: what was written before goes out first.
    this.#target.end(() => this.#ended(""));
  }

  #ended(error: string): void {
    const target = this.#target;
    if (!target) return;
    this.#target = undefined;
    target.destroy();
    this.#send(packetOf("closeResponse", { connectId, error }));
    this.#end();
  }
}
