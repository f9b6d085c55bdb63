import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import { describe, it } from "node:test";
import { connectRestClient } from "../../client/src/node/index.ts";
import { DialError } from "./protocol/dial-error.ts";
import { readAll, TestAuthority, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

const isDialError =
  (reason: string) =>
  (error: unknown): boolean =>
    error instanceof DialError && error.reason === reason;

describe("a tunnel with an agent of ours", () => {
  it("connects to the cluster's API server, and passes bytes both ways with half-close", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    await fixture.agent("hz-a");
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    const sent = randomBytes(5 * 1024 * 1024);
    stream.end(sent);
    ok(sent.equals(await readAll(stream)));
    await until(() => fixture.server.links()[0]?.counts.connections === 0);
  });

  it("says why a connection cannot be made", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    await rejects(fixture.server.dial({ cluster: "hz-a" }), isDialError("NoAgent"));
    await fixture.agent("hz-a");
    await rejects(fixture.server.dial({ cluster: "hz-b" }), isDialError("UnknownCluster"));
    const denied = fixture.server.dial({ cluster: "hz-a", address: "127.0.0.1:1" });
    await rejects(denied, isDialError("AddressDenied"));
  });

  it("tells that the target refuses in the words of Go's programs", async () => {
    await using fixture = await TunnelFixture.open();
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    await fixture.agent("hz-a");
    await rejects(fixture.server.dial({ cluster: "hz-a" }), (error) => {
      match(String(error), /dial tcp 127\.0\.0\.1:1: connect: connection refused/);
      return isDialError("Failed")(error);
    });
  });

  it("keeps others at their pace while one reader and one target stand still", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.target("hz-a", (socket) => {
      socket.once("data", (first: Buffer) => {
        if (first.toString() === "flood") socket.write(Buffer.alloc(32 * 1024 * 1024));
        else if (first.toString() === "deaf") socket.pause();
        else socket.write("pong");
      });
    });
    await fixture.agent("hz-a");
    const flooded = await fixture.server.dial({ cluster: "hz-a" });
    flooded.write("flood");
    const deaf = await fixture.server.dial({ cluster: "hz-a" });
    deaf.write("deaf");
    const filler = Buffer.alloc(32 * 1024 * 1024);
    deaf.write(filler);
    for (let i = 0; i < 20; i++) {
      const stream = await fixture.server.dial({ cluster: "hz-a" });
      stream.write("ping");
      const [answer] = (await once(stream, "data")) as [Buffer];
      equal(answer.toString(), "pong");
      stream.destroy();
    }
    deaf.destroy();
    flooded.destroy();
  });

  it("never mixes two clusters, and refuses an agent whose certificate is of another one", async () => {
    const refused: string[] = [];
    await using fixture = await TunnelFixture.open({
      events: { onRefuse: (why) => void refused.push(why) },
    });
    await fixture.target("hz-a", (socket) => socket.end("from a"));
    await fixture.target("hz-b", (socket) => socket.end("from b"));
    await fixture.agent("hz-a", { agentId: "same" });
    const { certificate: cert, key } = fixture.authority.agent("hz-b");
    fixture.startAgent("hz-a", {
      agentId: "thief",
      channelOf: ({ address }) => ({
        target: `https://${address}`,
        tls: { cert, key, ca: fixture.authority.certificate, servername: "localhost" },
      }),
    });
    await until(() => refused.length > 0);
    match(refused[0] ?? "", /cellplane:agent:hz-b may not serve cluster "hz-a"/);
    fixture.startAgent("hz-b", { agentId: "same" });
    await until(() => refused.some((why) => why.includes('agent id "same"')));
    equal((await readAll(await fixture.server.dial({ cluster: "hz-a" }))).toString(), "from a");
    deepEqual(
      fixture.server.links().map(({ cluster }) => cluster),
      ["hz-a"],
    );
  });

  it("spreads connections over the agents of a cluster, and survives the loss of one", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const first = await fixture.agent("hz-a");
    await fixture.agent("hz-a");
    const streams = await Promise.all(
      Array.from({ length: 10 }, () => fixture.server.dial({ cluster: "hz-a" })),
    );
    deepEqual(
      fixture.server.links().map(({ counts }) => counts.connections),
      [5, 5],
    );
    for (const stream of streams) stream.on("error", () => undefined);
    await first[Symbol.asyncDispose]();
    await until(() => streams.filter(({ destroyed }) => destroyed).length === 5);
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.write("still here");
    const [answer] = (await once(stream, "data")) as [Buffer];
    equal(answer.toString(), "still here");
    for (const each of [...streams, stream]) each.destroy();
  });

  it("carries TLS and HTTP/2 from end to end, also answers that come whole in one tick", async () => {
    await using fixture = await TunnelFixture.open();
    const members = new TestAuthority("members");
    const { certificate: cert, key } = members.server();
    const http = createSecureServer({ cert, key });
    http.on("stream", (stream: ServerHttp2Stream) => {
      stream.respond({ ":status": 200, "content-length": 4 });
      stream.end('"ok"');
    });
    http.on("error", () => undefined);
    await fixture.target("hz-a", (socket) => http.emit("connection", socket));
    await fixture.agent("hz-a");
    await using client = connectRestClient(
      {
        server: "https://127.0.0.1:6443",
        caBundle: members.certificate,
        dial: (_, signal) => fixture.server.dial({ cluster: "hz-a", signal }),
      },
      { userAgent: "test" },
    );
    for (let i = 0; i < 3; i++) {
      const { body } = await client.raw({ method: "GET", path: "/healthz" });
      equal(Buffer.from(body).toString(), '"ok"');
    }
  });

  it("comes back after the server has restarted", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a");
    fixture.server.drop("hz-a", "test");
    await until(() => fixture.server.links().length === 0);
    await until(() => fixture.server.links().length === 1);
    await until(() => agent.servers[0] === "server-a");
  });
});
