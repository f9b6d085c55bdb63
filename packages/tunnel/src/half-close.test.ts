import { equal, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { TunnelFixture, until } from "./tunnel-fixture.suite.ts";

const bytes = 3_000_000;

const ways = {
  "TLS 1.3": (fixture: TunnelFixture) => openTls(fixture, "TLSv1.3"),
  "TLS 1.2": (fixture: TunnelFixture) => openTls(fixture, "TLSv1.2"),
  "a Unix socket": openUnix,
} as const;

for (const [way, open] of Object.entries(ways)) {
  describe(`a CONNECT over ${way} whose sides end one after the other`, () => {
    it("lets the target answer after the client has sent all", async () => {
      await using fixture = await TunnelFixture.open();
      await fixture.target("hz-a", (socket) => void answerAtEnd(socket));
      await fixture.agent("hz-a");
      const client = await connectThrough(await open(fixture));
      const sent = randomBytes(bytes);
      client.end(sent);
      ok(sent.equals(await takeAll(client)));
      await until(() => isIdle(fixture));
    });

    it("lets the client go on after the target has sent all", async () => {
      await using fixture = await TunnelFixture.open();
      const received = Promise.withResolvers<Buffer>();
      await fixture.target("hz-a", (socket) => {
        socket.end("all");
        received.resolve(takeAll(socket));
      });
      await fixture.agent("hz-a");
      const client = await connectThrough(await open(fixture));
      equal((await takeAll(client)).toString(), "all");
      const sent = randomBytes(bytes);
      client.end(sent);
      ok(sent.equals(await received.promise));
      await until(() => isIdle(fixture));
    });

    it("ends for the target, too, when a client that had sent all has gone", async () => {
      await using fixture = await TunnelFixture.open();
      const ended = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      await fixture.target("hz-a", (socket) => {
        socket.resume().once("end", () => {
          ended.resolve();
          // It does not care for the end, and sends on and on.
          const timer = setInterval(() => socket.write("event\n"), 20);
          socket.once("close", () => {
            clearInterval(timer);
            closed.resolve();
          });
        });
      });
      await fixture.agent("hz-a");
      const client = await connectThrough(await open(fixture));
      client.resume().end();
      await ended.promise;
      client.destroy();
      await closed.promise;
      await until(() => isIdle(fixture));
    });
  });
}

/** Takes all there is, and sends it back only then. */
async function answerAtEnd(socket: Duplex): Promise<void> {
  socket.end(await takeAll(socket));
}

/** What a stream gives until it ends; not by iterating, which ends the other side, too. */
async function takeAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk)).resume();
  await once(stream, "end");
  return Buffer.concat(chunks);
}

function isIdle({ server }: TunnelFixture): boolean {
  return server.links()[0]?.counts.connections === 0;
}

async function openTls(fixture: TunnelFixture, version: "TLSv1.2" | "TLSv1.3"): Promise<Socket> {
  const { certificate: cert, key } = fixture.authority.client("client", "clients");
  const socket = connectTls({
    host: "127.0.0.1",
    port: await fixture.frontend(),
    servername: "localhost",
    ca: fixture.authority.certificate,
    cert,
    key,
    minVersion: version,
    maxVersion: version,
  });
  socket.allowHalfOpen = true;
  await once(socket, "secureConnect");
  return socket;
}

async function openUnix(fixture: TunnelFixture): Promise<Socket> {
  const folder = await mkdtemp(join(tmpdir(), "half-close-"));
  fixture.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, "socket");
  await fixture.frontendAt(path);
  return connect({ path, allowHalfOpen: true });
}

async function connectThrough(socket: Socket): Promise<Socket> {
  socket.write("CONNECT hz-a:443 HTTP/1.1\r\nHost: hz-a:443\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.pause();
  const head = "HTTP/1.1 200 Connection Established\r\n\r\n";
  ok(answer.toString("latin1").startsWith(head));
  if (answer.length > head.length) socket.unshift(answer.subarray(head.length));
  return socket;
}
