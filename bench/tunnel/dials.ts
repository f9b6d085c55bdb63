import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, createSecureContext, type SecureContextOptions } from "node:tls";
import { type ClientCall, GrpcChannel } from "../../packages/grpc/src/index.ts";
import { proxyMethod } from "../../packages/tunnel/src/protocol/methods.ts";
import {
  maxSentBytes,
  type Packet,
  packetOf,
  payloadOf,
} from "../../packages/tunnel/src/protocol/packet.ts";

/** A new connection to the target. */
export type Dial = () => Promise<Duplex>;

/** Without any tunnel. */
export function dialDirectly(port: number): Dial {
  return () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true }, () => resolve(socket));
      socket.once("error", reject);
    });
}

/** By HTTP/1.1 `CONNECT` to a frontend over TLS. */
export function dialByConnect(port: number, address: string, tls: SecureContextOptions): Dial {
  // Made once, as it costs more than a handshake.
  const secureContext = createSecureContext(tls);
  return () =>
    new Promise((resolve, reject) => {
      const socket: Socket = connectTls(
        { host: "127.0.0.1", port, servername: "localhost", secureContext },
        () => {
          socket.write(`CONNECT ${address} HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
        },
      );
      // At once: a handshake that waits for acknowledgements takes 40 ms.
      socket.setNoDelay(true);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("The frontend closed the connection")));
      socket.once("data", (answer: Buffer) => {
        socket.pause();
        const text = answer.toString("latin1");
        if (text.startsWith("HTTP/1.1 200")) resolve(socket);
        else reject(new Error(text));
      });
    });
}

/** By streams of one gRPC connection. */
export function dialByGrpc(channel: GrpcChannel, address: string): Dial {
  return () =>
    new Promise((resolve, reject) => {
      const call = channel.bidi(proxyMethod);
      const random = BigInt(Math.floor(Math.random() * 2 ** 52));
      let connection: GrpcDuplex | undefined;
      const flow = call.consume({
        onMessage: (packet) => {
          const payload = payloadOf(packet);
          if (payload?.kind === "dialResponse") {
            if (payload.value.error !== "") reject(new Error(payload.value.error));
            connection = new GrpcDuplex(call, flow, payload.value.connectId);
            resolve(connection);
          } else if (payload?.kind === "data") connection?.receive(payload.value.data);
          else if (payload?.kind === "closeResponse") connection?.ended();
        },
        onEnd: (error) => {
          connection?.ended();
          reject(error ?? new Error("the server ended the stream"));
        },
      });
      call.send(packetOf("dialRequest", { protocol: "tcp", address, random }));
    });
}

class GrpcDuplex extends Duplex {
  readonly #call: ClientCall<Packet, Packet>;
  readonly #flow: { pause(): void; resume(): void };
  readonly #connectId: bigint;

  constructor(
    call: ClientCall<Packet, Packet>,
    flow: { pause(): void; resume(): void },
    connectId: bigint,
  ) {
    super({ readableHighWaterMark: 256 * 1024 });
    this.#call = call;
    this.#flow = flow;
    this.#connectId = connectId;
  }

  receive(data: Uint8Array): void {
    if (!this.push(data)) this.#flow.pause();
  }

  ended(): void {
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    this.#flow.resume();
  }

  override _write(data: Buffer, _encoding: string, done: (error?: Error) => void): void {
    let hasRoom = true;
    for (let at = 0; at < data.length; at += maxSentBytes) {
      const part = data.subarray(at, at + maxSentBytes);
      const value = { connectId: this.#connectId, error: "", data: part };
      hasRoom = this.#call.send(packetOf("data", value));
    }
    if (hasRoom) done();
    else this.#call.drained().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#call.send(packetOf("closeRequest", { connectId: this.#connectId }));
    this.#call.end();
    done(error);
  }
}
