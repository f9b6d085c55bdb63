import { deepEqual, equal, match } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import type { TunnelAgentOptions } from "@cellplane/tunnel";
import { ConnectProxy } from "../../../../packages/tunnel/src/connect-proxy.suite.ts";
import {
  readAll,
  TunnelFixture,
  until,
} from "../../../../packages/tunnel/src/tunnel-fixture.suite.ts";
import { openServerChannel } from "./server-channel.ts";

/** Starts an agent whose environment is given; only a proxy finds its server. */
function startAgent(
  fixture: TunnelFixture,
  env: Readonly<Record<string, string>>,
  events: TunnelAgentOptions["events"] = {},
): void {
  const { certificate: cert, key } = fixture.authority.agent("hz-a");
  const tls = { cert, key, ca: fixture.authority.certificate };
  fixture.startAgent("hz-a", {
    servers: [`tunnel.test:${fixture.port}`],
    channelOf: (server, signal) => openServerChannel(server, { tls, env, signal }),
    events,
  });
}

describe("openServerChannel()", () => {
  it("11.59 connects through HTTPS_PROXY by the server's name, TLS being end to end", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    await using proxy = await ConnectProxy.open();
    startAgent(fixture, { HTTPS_PROXY: `http://me:secret@127.0.0.1:${proxy.port}` });
    await until(() => fixture.server.links().length === 1);
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    const sent = randomBytes(1024 * 1024);
    stream.end(sent);
    deepEqual(await readAll(stream), sent);
    const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    deepEqual(proxy.asked, [{ target: `tunnel.test:${fixture.port}`, authorization }]);
  });

  it("11.59 tells what a proxy answered that refuses, and never its password", async () => {
    await using fixture = await TunnelFixture.open();
    await using proxy = await ConnectProxy.open(407);
    const lost: string[] = [];
    startAgent(
      fixture,
      { https_proxy: `http://me:secret@127.0.0.1:${proxy.port}` },
      { onLost: (_, why) => void lost.push(why) },
    );
    await until(() => lost.length > 0);
    match(lost[0] ?? "", /^proxy http:\/\/127\.0\.0\.1:\d+: it answered HTTP\/1\.1 407/);
    equal(lost.join().includes("secret"), false);
  });

  it("11.59 goes past the proxy for what NO_PROXY names", async () => {
    await using fixture = await TunnelFixture.open();
    await using proxy = await ConnectProxy.open();
    const lost: string[] = [];
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: ".test" };
    startAgent(fixture, env, { onLost: (_, why) => void lost.push(why) });
    await until(() => lost.length > 0);
    deepEqual(proxy.asked, []);
  });
});
