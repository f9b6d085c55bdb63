import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { PacketPeer } from "./packet-peer.suite.ts";
import { headerNames } from "./protocol/methods.ts";
import { TunnelFixture, until } from "./tunnel-fixture.suite.ts";

/** Connects an agent without streams of its own, and tells how it was greeted. */
async function greet(
  fixture: TunnelFixture,
): Promise<{ readonly agent: PacketPeer; readonly name: string; readonly count: string }> {
  const before = fixture.server.links().length;
  const agent = PacketPeer.agent(fixture, "hz-a");
  fixture.defer(() => agent[Symbol.asyncDispose]());
  const { [headerNames.serverId]: name, [headerNames.serverCount]: count } = await agent.headers;
  await until(() => fixture.server.links().length > before);
  return { agent, name: String(name), count: String(count) };
}

describe("several connections of one stock agent to one server", () => {
  it("11.48 gives each a name that the agent lacks, and a lost one's name to the next", async () => {
    await using fixture = await TunnelFixture.open({ stripes: 3, serverCount: () => 2 });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const stripes = [await greet(fixture), await greet(fixture), await greet(fixture)];
    deepEqual(
      stripes.map(({ name, count }) => `${name} of ${count}`),
      ["server-a/0 of 6", "server-a/1 of 6", "server-a/2 of 6"],
    );
    await stripes[1]?.agent[Symbol.asyncDispose]();
    await until(() => fixture.server.links().length === 2);
    equal((await greet(fixture)).name, "server-a/1");
  });

  it("11.48 spreads dials over them; one that is cut takes its own connections alone", async () => {
    await using fixture = await TunnelFixture.open({ stripes: 2 });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const stripes = [await greet(fixture), await greet(fixture)];
    const streams = [];
    for (const { agent } of stripes) {
      const dialled = fixture.server.dial({ cluster: "hz-a" });
      const { random } = await agent.next("dialRequest");
      // Each stripe counts from 1 on its own.
      agent.send("dialResponse", { error: "", connectId: 1n, random });
      const stream = await dialled;
      stream.on("error", () => undefined);
      streams.push(stream);
    }
    const [lost, kept] = streams;
    await stripes[0]?.agent[Symbol.asyncDispose]();
    await until(() => lost?.destroyed === true);
    stripes[1]?.agent.send("data", { connectId: 1n, error: "", data: Buffer.from("still here") });
    const [chunk] = kept ? ((await once(kept, "data")) as [Buffer]) : [];
    equal(chunk?.toString(), "still here");
    kept?.destroy();
  });

  it("11.48 leaves agents of ours at one connection: each of theirs has a stream anyway", async () => {
    await using fixture = await TunnelFixture.open({ stripes: 3 });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const agent = await fixture.agent("hz-a");
    await until(() => agent.servers.length === 1);
    deepEqual(agent.servers, ["server-a"]);
    equal(fixture.server.links().length, 1);
  });
});
