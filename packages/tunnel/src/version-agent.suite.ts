import { connect, type Socket } from "node:net";
import { PacketPeer, type PeerTarget } from "./packet-peer.suite.ts";
import { parseAddress } from "./protocol/address.ts";
import { type DialRequest, packetOf, payloadOf, type Packet } from "./protocol/packet.ts";

/** When an agent of some version says that it is going. */
export type DrainHabit =
  /** It just goes. */
  | "never"
  /** With the next packet that comes. */
  | "after the next packet"
  | "at once";

// What stock agents of every version read from a target at once.
const readBytes = 4096;

/** An agent that opens real connections, and speaks as stock ones of some version do. */
export class VersionAgent {
  readonly peer: PacketPeer;
  readonly #drains: DrainHabit;
  readonly #sockets = new Map<bigint, Socket>();
  #lastId = 0n;
  #isStopping = false;
  #hasDrained = false;

  private constructor(peer: PacketPeer, drains: DrainHabit) {
    this.peer = peer;
    this.#drains = drains;
    peer.onPacket = (packet) => this.#receive(packet);
  }

  static async connect(
    target: PeerTarget,
    cluster: string,
    drains: DrainHabit,
  ): Promise<VersionAgent> {
    const agent = new VersionAgent(PacketPeer.agent(target, cluster), drains);
    await agent.peer.headers;
    return agent;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** As on SIGTERM. */
  stop(): void {
    this.#isStopping = true;
    if (this.#drains === "at once") this.#drain();
    if (this.#drains === "never") void this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.values()) socket.destroy();
    await this.peer[Symbol.asyncDispose]();
  }

  #drain(): void {
    if (this.#hasDrained) return;
    this.#hasDrained = true;
    this.peer.send("drain", {});
  }

  #receive(packet: Packet): void {
    if (this.#isStopping) this.#drain();
    const payload = payloadOf(packet);
    // Those before 2021 know no end of a dial, later ones ignore it.
    if (payload?.kind === "dialRequest") this.#dial(payload.value);
    else if (payload?.kind === "data") {
      const { connectId, data } = payload.value;
      const socket = this.#sockets.get(connectId);
      if (socket) socket.write(data);
      else this.peer.send("closeResponse", { connectId, error: "unrecognized connectID" });
    } else if (payload?.kind === "closeRequest") this.#close(payload.value.connectId);
  }

  #dial({ random, address }: DialRequest): void {
    const { host, port } = parseAddress(address) ?? { host: "", port: 0 };
    const socket = connect({ host, port });
    const connectId = ++this.#lastId;
    socket.once("connect", () => {
      this.#sockets.set(connectId, socket);
      this.peer.send("dialResponse", { error: "", connectId, random });
    });
    socket.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += readBytes) {
        const data = chunk.subarray(at, at + readBytes);
        this.peer.sendPacket(packetOf("data", { connectId, error: "", data }));
      }
    });
    socket.once("end", () => this.#close(connectId));
    socket.once("error", () => {
      const error = `dial tcp ${address}: connect: connection refused`;
      this.peer.send("dialResponse", { error, connectId: 0n, random });
    });
  }

  #close(connectId: bigint): void {
    const socket = this.#sockets.get(connectId);
    this.#sockets.delete(connectId);
    socket?.destroy();
    this.peer.send("closeResponse", { connectId, error: socket ? "" : "Unknown connectID" });
  }
}
