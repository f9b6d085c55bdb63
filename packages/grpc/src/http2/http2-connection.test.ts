import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import { buffer } from "node:stream/consumers";
import { SpareBuffer } from "../codec/spare-buffer.ts";
import { preface } from "./frame-parser.ts";
import { errorCodes } from "./http2-error.ts";
import { Http2Connection } from "./http2-connection.ts";

const windowBytes = 65_535;
const types = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goAway: 7,
  window: 8,
  more: 9,
};
const endHeaders = 4;
// `:method: POST`, `:scheme: http`, `:path: /`.
const head = Buffer.from("838684", "hex");

function frame(type: number, streamId: number, payload: Uint8Array, flags = 0): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  return Buffer.concat([bytes, payload]);
}

const none = Buffer.alloc(0);
const greeting = Buffer.concat([preface, frame(types.settings, 0, none)]);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const open = (streamId: number): Buffer => frame(types.headers, streamId, head, endHeaders);
const times = (count: number, each: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => each(at)));

/** What breaks the rules, and the code that the connection ends with. */
const broken: Readonly<Record<string, readonly [code: number, bytes: Buffer]>> = {
  "data without a stream": [errorCodes.protocol, frame(types.data, 0, none)],
  "data on a stream that was never opened": [errorCodes.protocol, frame(types.data, 7, none)],
  "a stream that only a server may open": [errorCodes.protocol, open(2)],
  "a pushed stream": [errorCodes.protocol, frame(types.push, 1, uint32(2))],
  "settings that are cut short": [errorCodes.frameSize, frame(types.settings, 0, Buffer.alloc(5))],
  "a PING of seven bytes": [errorCodes.frameSize, frame(types.ping, 0, Buffer.alloc(7))],
  "a frame that is too long": [errorCodes.frameSize, frame(types.ping, 0, Buffer.alloc(16_385))],
  "a window that is widened by nothing": [errorCodes.protocol, frame(types.window, 0, uint32(0))],
  "a window that is too wide": [
    errorCodes.flowControl,
    frame(types.window, 0, uint32(0x7fff_ffff)),
  ],
  "a reset of a stream that was never opened": [
    errorCodes.protocol,
    frame(types.reset, 5, uint32(8)),
  ],
  "headers that go on without a beginning": [errorCodes.protocol, frame(types.more, 1, head)],
  "headers that something interrupts": [
    errorCodes.protocol,
    Buffer.concat([frame(types.headers, 1, head), frame(types.ping, 0, Buffer.alloc(8))]),
  ],
  "headers without an end": [
    errorCodes.enhanceYourCalm,
    Buffer.concat([frame(types.headers, 1, head), times(100, () => frame(types.more, 1, none))]),
  ],
  "headers that cannot be read": [
    errorCodes.compression,
    frame(types.headers, 1, Buffer.from("80", "hex"), endHeaders),
  ],
  "more data than the connection's window": [
    errorCodes.flowControl,
    Buffer.concat([
      times(40, (at) => open(at * 2 + 1)),
      times(40, (at) => frame(types.data, at * 2 + 1, Buffer.alloc(16_384))),
    ]),
  ],
  "streams that are opened and reset without measure": [
    errorCodes.enhanceYourCalm,
    times(12_000, (at) =>
      Buffer.concat([open(at * 2 + 1), frame(types.reset, at * 2 + 1, uint32(8))]),
    ),
  ],
  "settings without measure": [
    errorCodes.enhanceYourCalm,
    times(1000, () => frame(types.settings, 0, none)),
  ],
};

describe("Http2Connection", () => {
  let server: Server;
  let port: number;
  before(async () => {
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      const connection = new Http2Connection(socket, {
        windowBytes,
        spare: new SpareBuffer(),
        onClose: () => undefined,
        onStream: (stream, fields) => {
          // Streams of the test of windows are never read.
          if (fields.some(({ value }) => value === "/")) return stream.pause();
          const parts: Buffer[] = [];
          stream.listen({
            onData: (chunk) => parts.push(Buffer.from(chunk)),
            onEnd: () => {
              stream.sendHeaders([{ name: ":status", value: "200" }]);
              stream.write(Buffer.concat(parts));
              stream.end(fields.filter(({ name }) => name.startsWith("x-")));
            },
            onClose: () => undefined,
          });
        },
      });
      return connection;
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  after(() => server.close());

  for (const [what, [code, bytes]] of Object.entries(broken)) {
    it(`ends at ${what}, and says with which error`, async () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(Buffer.concat([greeting, bytes]));
      const answer = await buffer(socket).catch(() => none);
      equal(goAwayIn(answer), code);
    });
  }

  it("gives Node's client back its bytes and headers, many streams at once", async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const sizes = [0, 1, 16_384, 16_385, 65_535, 65_536, 1_000_000];
    await Promise.all(
      sizes.map(async (size) => {
        const sent = Buffer.alloc(size, size % 251);
        const value = `${"ü~".repeat(size % 7)}${size}`;
        const stream = session.request({ ":method": "POST", ":path": "/echo", "x-size": value });
        let trailers: Readonly<Record<string, unknown>> = {};
        stream.once("trailers", (given: Readonly<Record<string, unknown>>) => {
          trailers = given;
        });
        stream.end(sent);
        equal(sent.equals(await buffer(stream)), true, `${size} bytes`);
        deepEqual(trailers["x-size"], value);
      }),
    );
    session.close();
    await once(session, "close");
  });
});

/** The code of the GOAWAY frame in what a server sent. */
function goAwayIn(bytes: Buffer): number | undefined {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === types.goAway) return bytes.readUInt32BE(at + 9 + 4);
  }
  return undefined;
}
