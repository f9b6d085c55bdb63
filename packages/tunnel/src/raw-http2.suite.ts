import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import type { TunnelFixture } from "./tunnel-fixture.suite.ts";

/** Types of HTTP/2 frames, by their numbers. */
export const frameTypes = { headers: 1, reset: 3, settings: 4, ping: 6 } as const;

/** An HTTP/2 connection to the agents' port, frame by frame, for what no library sends. */
export class RawHttp2 {
  readonly socket: TLSSocket;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    // What the server answers is taken, so that it has no other reason to end the connection.
    socket.resume();
    socket.on("error", () => undefined);
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(frameOf("settings"));
  }

  static async open(fixture: TunnelFixture): Promise<RawHttp2> {
    const { certificate: cert, key } = fixture.authority.agent("hz-b");
    const socket = connect({
      host: "127.0.0.1",
      port: fixture.port,
      servername: "localhost",
      ca: fixture.authority.certificate,
      ALPNProtocols: ["h2"],
      cert,
      key,
    });
    fixture.defer(() => void socket.destroy());
    await once(socket, "secureConnect");
    return new RawHttp2(socket);
  }

  get isClosed(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }

  write(frames: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
  }
}

/** A frame of a type, with its payload. */
export function frameOf(
  type: keyof typeof frameTypes,
  {
    flags = 0,
    stream = 0,
    payload = Buffer.alloc(0),
  }: { readonly flags?: number; readonly stream?: number; readonly payload?: Buffer } = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = frameTypes[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The header block of a call to `AgentService/Connect`: indexed fields, and literals without Huffman coding. */
export function callHeaders(): Buffer {
  const literal = (name: readonly number[], value: string): Buffer =>
    Buffer.concat([Buffer.from([...name, value.length]), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from([0x83, 0x87]),
    literal([0x01], "localhost"),
    literal([0x04], "/AgentService/Connect"),
    literal([0x0f, 0x10], "application/grpc"),
    literal([0x00, 2, 0x74, 0x65], "trailers"),
  ]);
}
