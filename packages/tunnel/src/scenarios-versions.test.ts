import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectTls } from "node:tls";
import { after, before, describe, it } from "node:test";
import { GrpcServer, handleBidi, type MessageSink } from "@cellplane/grpc";
import { PacketPeer, type PeerTarget } from "./packet-peer.suite.ts";
import { connectMethod, headerNames } from "./protocol/methods.ts";
import { type Packet, packetOf, payloadOf } from "./protocol/packet.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";
import { type DrainHabit, VersionAgent } from "./version-agent.suite.ts";

/** What agents do that tells their versions apart on the wire. */
const agents: Readonly<Record<string, DrainHabit>> = {
  "to v0.30": "never",
  "v0.31 to v0.36": "after the next packet",
  "after v0.36": "at once",
};

// With it every process built by a Go before 1.20 begins.
const unseeded = 5_577_006_791_947_779_410n;

/** What clients in gRPC mode do that tells their versions apart. */
const clients: Readonly<
  Record<string, { readonly random: bigint; readonly giveUp: "closeDial" | "leave" }>
> = {
  "before v0.0.23": { random: unseeded, giveUp: "leave" },
  "v0.0.23 to v0.30": { random: unseeded, giveUp: "closeDial" },
  "v0.36": { random: 8_123_456_789_012_345_678n, giveUp: "closeDial" },
};

/** How clients ask for a `CONNECT`. */
const heads: Readonly<Record<string, string>> = {
  "an API server's": "Host: 127.0.0.1\r\n",
  "a Go program's with a proxy": "Host: hz-a:443\r\nUser-Agent: Go-http-client/1.1\r\n",
  "curl's": "Host: hz-a:443\r\nUser-Agent: curl/8.0\r\nProxy-Connection: Keep-Alive\r\n",
};

const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

for (const [version, drains] of Object.entries(agents)) {
  describe(`11.49 an agent ${version}`, () => {
    let fixture: TunnelFixture;
    let frontend: PeerTarget;
    let agent: VersionAgent;
    before(async () => {
      fixture = await TunnelFixture.open();
      const http = createServer((_, response) => response.end("hello ".repeat(5000)));
      await fixture.target("hz-a", (socket) => http.emit("connection", socket));
      frontend = { port: await fixture.frontend(), authority: fixture.authority };
      agent = await VersionAgent.connect(fixture, "hz-a", drains);
      await until(() => fixture.server.links().length === 1);
    });
    after(async () => {
      await agent[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    });

    for (const [client, { random, giveUp }] of Object.entries(clients)) {
      it(`serves a client ${client} in gRPC mode, and one that gives up`, async () => {
        const peer = PacketPeer.client(frontend);
        fixture.defer(() => peer[Symbol.asyncDispose]());
        peer.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random });
        const { error, connectId } = await peer.next("dialResponse");
        equal(error, "");
        peer.send("data", { connectId, error: "", data: Buffer.from(request) });
        await until(() => peer.has("closeResponse"));
        match(peer.received(connectId).toString(), /200 OK[^]*(hello ){5000}$/);
        const other = PacketPeer.client(frontend);
        other.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random });
        if (giveUp === "closeDial") {
          other.send("closeDial", { random });
          await until(() => other.has("dialResponse"));
        }
        await other[Symbol.asyncDispose]();
        await until(() => fixture.server.links()[0]?.counts.connections === 0);
        await until(() => agent.connections === 0);
      });
    }

    it("serves clients of one connection that dial many times", async () => {
      const first = PacketPeer.client(frontend);
      const again = Array.from({ length: 3 }, () => first.another());
      for (const [i, peer] of [first, ...again].entries()) {
        peer.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: BigInt(i + 1) });
      }
      for (const [i, peer] of [first, ...again].entries()) {
        const { error, random } = await peer.next("dialResponse");
        deepEqual([error, random], ["", BigInt(i + 1)]);
      }
      equal(agent.connections, 4);
      await first[Symbol.asyncDispose]();
      await until(() => agent.connections === 0);
    });

    for (const [form, headers] of Object.entries(heads)) {
      it(`serves ${form} CONNECT`, async () => {
        const { certificate: cert, key } = fixture.authority.client("client", "clients");
        const socket = connectTls({
          port: frontend.port,
          host: "127.0.0.1",
          servername: "localhost",
          ca: fixture.authority.certificate,
          cert,
          key,
        });
        fixture.defer(() => void socket.destroy());
        await once(socket, "secureConnect");
        socket.write(`CONNECT hz-a:443 HTTP/1.1\r\n${headers}\r\n`);
        const [answer] = (await once(socket, "data")) as [Buffer];
        match(answer.toString(), /^HTTP\/1\.1 200 Connection Established\r\n\r\n$/);
        socket.write(request);
        match((await readAll(socket)).toString(), /(hello ){5000}$/);
        await until(() => agent.connections === 0);
      });
    }

    it(`11.47 drains (${drains}), and the next dial goes elsewhere`, async () => {
      const kept = await fixture.server.dial({ cluster: "hz-a" });
      kept.on("error", () => undefined);
      agent.stop();
      if (drains === "never") await until(() => kept.destroyed);
      else {
        kept.write("GET ");
        await until(() => fixture.server.links()[0]?.isDraining === true);
        equal(kept.destroyed, false);
      }
      await using next = await VersionAgent.connect(fixture, "hz-a", drains);
      await until(() => fixture.server.links().some(({ isDraining }) => !isDraining));
      const stream = await fixture.server.dial({ cluster: "hz-a" });
      equal(next.connections, 1);
      for (const each of [kept, stream]) each.destroy();
    });
  });
}

describe("11.49 our agent at a server that knows nothing of ours", () => {
  it("answers as a stock one does: dials, data, ends, what it does not know", async () => {
    await using fixture = await TunnelFixture.open();
    const port = await fixture.target("hz-a", (socket) => {
      socket.once("data", (chunk: Buffer) => socket.end(`got ${chunk.toString()}`));
    });
    const inbox: Packet[] = [];
    const connected = Promise.withResolvers<MessageSink<Packet>>();
    await using server = new GrpcServer({
      tls: fixture.serverTls(),
      onError: (error) => connected.reject(error),
      handlers: [
        handleBidi(connectMethod, async ({ requests, responses }, call) => {
          call.sendHeaders({ [headerNames.serverId]: "old", [headerNames.serverCount]: "1" });
          connected.resolve(responses);
          for await (const packet of requests) inbox.push(packet);
        }),
      ],
    });
    const bound = await server.listen({ host: "127.0.0.1", port: 0 });
    const servers = ["port" in bound ? `127.0.0.1:${bound.port}` : ""];
    await using agent = fixture.startAgent("hz-a", { servers });
    const link = await connected.promise;
    const next = async (kind: string): Promise<unknown> => {
      await until(() => inbox.some((packet) => payloadOf(packet)?.kind === kind));
      const at = inbox.findIndex((packet) => payloadOf(packet)?.kind === kind);
      const [packet] = inbox.splice(at, 1);
      return packet && payloadOf(packet)?.value;
    };
    const address = `127.0.0.1:${port}`;
    link.send({ type: 77, payload: undefined });
    link.send(packetOf("dialRequest", { protocol: "tcp", address, random: -1n }));
    deepEqual(await next("dialResponse"), { error: "", connectId: 1n, random: -1n });
    link.send(packetOf("data", { connectId: 1n, error: "", data: Buffer.from("it") }));
    const { data } = (await next("data")) as { readonly data: Uint8Array };
    equal(Buffer.from(data).toString(), "got it");
    deepEqual(await next("closeResponse"), { error: "", connectId: 1n });
    link.send(packetOf("data", { connectId: 1n, error: "", data: Buffer.from("late") }));
    deepEqual(await next("closeResponse"), { error: "unrecognized connectID", connectId: 1n });
    link.send(packetOf("closeRequest", { connectId: 9n }));
    deepEqual(await next("closeResponse"), { error: "Unknown connectID", connectId: 9n });
    link.send(packetOf("closeDial", { random: 5n }));
    link.send(packetOf("dialRequest", { protocol: "unix", address: "/run/x", random: 2n }));
    const refused = (await next("dialResponse")) as { readonly error: string };
    match(refused.error, /is not allowed by the agent/);
    equal(agent.connections, 0);
  });
});
