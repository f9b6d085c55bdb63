import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import {
  type BidiMethod,
  type ClientCall,
  type Flow,
  GrpcChannel,
  type GrpcChannelOptions,
  type GrpcError,
  type Metadata,
} from "@cellplane/grpc";
import { connectMethod, headerNames, proxyMethod } from "./protocol/methods.ts";
import { type Packet, type PacketCases, packetOf, payloadOf } from "./protocol/packet.ts";
import { type TestAuthority, until } from "./tunnel-fixture.suite.ts";

/** Where a peer connects, and as whom. */
export interface PeerTarget {
  readonly port: number;
  readonly authority: TestAuthority;
}

/** One end of a packet stream that does only what its test says: an agent, or a client. */
export class PacketPeer implements AsyncDisposable {
  readonly channel: GrpcChannel;
  readonly flow: Flow;
  readonly headers: Promise<Metadata>;
  readonly ended: Promise<GrpcError | undefined>;
  readonly #method: BidiMethod<Packet, Packet>;
  readonly #call: ClientCall<Packet, Packet>;
  readonly #inbox: Packet[] = [];
  #isOver = false;
  /** Takes packets instead of keeping them for `next`. */
  onPacket: ((packet: Packet) => void) | undefined;

  constructor(
    method: BidiMethod<Packet, Packet>,
    {
      channel,
      metadata,
    }: { readonly channel: GrpcChannelOptions | GrpcChannel; readonly metadata: Metadata },
  ) {
    this.#method = method;
    this.channel = channel instanceof GrpcChannel ? channel : new GrpcChannel(channel);
    const headers = Promise.withResolvers<Metadata>();
    const ended = Promise.withResolvers<GrpcError | undefined>();
    headers.promise.catch(() => undefined);
    this.headers = headers.promise;
    this.ended = ended.promise;
    this.#call = this.channel.bidi(method, { metadata, onHeaders: headers.resolve });
    this.flow = this.#call.consume({
      onMessage: (packet) => {
        if (this.onPacket) this.onPacket(packet);
        else this.#inbox.push(packet);
      },
      onEnd: (error) => {
        this.#isOver = true;
        headers.reject(error ?? new Error("ended"));
        ended.resolve(error);
      },
    });
  }

  /** An agent, by default with the certificate of its cluster. */
  static agent(
    { port, authority }: PeerTarget,
    cluster: string,
    { as = cluster, metadata = {} }: { readonly as?: string; readonly metadata?: Metadata } = {},
  ): PacketPeer {
    const { certificate: cert, key } = authority.agent(as);
    return new PacketPeer(connectMethod, {
      channel: channelTo(port, { cert, key, ca: authority.certificate }),
      metadata: {
        [headerNames.agentId]: `peer-${cluster}`,
        [headerNames.agentIdentifiers]: `host=${cluster}`,
        ...metadata,
      },
    });
  }

  /** A client in gRPC mode. */
  static client({ port, authority }: PeerTarget, metadata: Metadata = {}): PacketPeer {
    const { certificate: cert, key } = authority.client("client", "clients");
    const channel = channelTo(port, { cert, key, ca: authority.certificate });
    return new PacketPeer(proxyMethod, { channel, metadata });
  }

  /** A further stream on the same connection. */
  another(): PacketPeer {
    return new PacketPeer(this.#method, { channel: this.channel, metadata: {} });
  }

  send<Kind extends keyof PacketCases>(kind: Kind, value: PacketCases[Kind]): boolean {
    return this.#call.send(packetOf(kind, value));
  }

  sendPacket(packet: Packet): boolean {
    return this.#call.send(packet);
  }

  drained(): Promise<void> {
    return this.#call.drained();
  }

  /** Ends its half of the stream. */
  end(): void {
    this.#call.end();
  }

  /** Waits for the end of the stream: why it failed, or nothing. */
  async over(): Promise<GrpcError | undefined> {
    await until(() => this.#isOver);
    return this.ended;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes the next packet of a kind, skipping others. */
  async next<Kind extends keyof PacketCases>(
    kind: Kind,
    limitMs?: number,
  ): Promise<PacketCases[Kind]> {
    await until(() => this.has(kind) || this.#isOver, limitMs);
    for (let packet = this.#inbox.shift(); packet; packet = this.#inbox.shift()) {
      const payload = payloadOf(packet);
      if (payload?.kind === kind) return payload.value as PacketCases[Kind];
    }
    throw new Error(`The stream has ended without a ${kind}`);
  }

  has(kind: keyof PacketCases): boolean {
    return this.#inbox.some((packet) => payloadOf(packet)?.kind === kind);
  }

  /** Bytes of all data that waits for a connection. */
  received(connectId: bigint): Buffer {
    const chunks = this.#inbox.flatMap((packet) => {
      const payload = payloadOf(packet);
      return payload?.kind === "data" && payload.value.connectId === connectId
        ? [payload.value.data]
        : [];
    });
    return Buffer.concat(chunks);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.channel[Symbol.asyncDispose]();
  }
}

/** Answer to a CONNECT, and the connection after it. */
export interface ConnectAnswer {
  readonly status: number;
  /** The rest of what came with the head. */
  readonly body: string;
  readonly socket: TLSSocket;
}

/** Starts a `CONNECT`, and leaves the answer to whoever called. */
export async function startConnect(
  { port, authority }: PeerTarget,
  authorityForm: string,
  headers = "",
): Promise<TLSSocket> {
  const { certificate: cert, key } = authority.client("client", "clients");
  const ca = authority.certificate;
  const socket = connectTls({ port, host: "127.0.0.1", servername: "localhost", cert, key, ca });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  socket.write(`CONNECT ${authorityForm} HTTP/1.1\r\nHost: ${authorityForm}\r\n${headers}\r\n`);
  return socket;
}

/** Sends a `CONNECT` and reads the answer; of a failure, its body too. */
export async function connectThrough(
  target: PeerTarget,
  authorityForm: string,
  headers = "",
): Promise<ConnectAnswer> {
  const socket = await startConnect(target, authorityForm, headers);
  let text = "";
  for (;;) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    text += chunk.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const status = Number(text.slice(9, 12));
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    const body = text.slice(end + 4);
    if (body.length < length) continue;
    socket.pause();
    return { status, body, socket };
  }
}

function channelTo(port: number, tls: NonNullable<GrpcChannelOptions["tls"]>): GrpcChannelOptions {
  return { target: `https://127.0.0.1:${port}`, tls: { ...tls, servername: "localhost" } };
}
