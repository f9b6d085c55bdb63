import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import type { ServerList } from "./protocol/methods.ts";
import type { ServerRoster } from "./server/servers-service.ts";
import { TunnelFixture, until } from "./tunnel-fixture.suite.ts";

/** A list of servers that the test changes. */
class Roster implements ServerRoster {
  readonly #listeners = new Set<() => void>();
  #servers: readonly string[] = [];

  set(servers: readonly string[]): void {
    this.#servers = servers;
    for (const listener of this.#listeners) listener();
  }

  current(): ServerList {
    return { servers: this.#servers, count: this.#servers.length };
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

describe("an agent whose servers come and go", () => {
  it("connects to a server that is added later, by a name or an address that it was never given", async () => {
    const roster = new Roster();
    await using fixture = await TunnelFixture.open({ roster });
    roster.set([`127.0.0.1:${fixture.port}`]);
    await fixture.echo("hz-a");
    const told: (readonly string[])[] = [];
    const agent = await fixture.agent("hz-a", {
      events: { onServers: (servers) => void told.push(servers) },
    });
    await until(() => agent.servers.includes("server-a"));

    const added = fixture.openServer("server-b");
    const at = await added.listen({ host: "127.0.0.1", port: 0 });
    const port = "port" in at ? at.port : 0;
    roster.set([`127.0.0.1:${fixture.port}`, `localhost:${port}`]);
    await until(() => agent.servers.includes("server-b"));
    deepEqual(told, [[`127.0.0.1:${fixture.port}`, `localhost:${port}`]]);
    const stream = await added.dial({ cluster: "hz-a" });
    equal(await echoed(stream, "through b"), "through b");
    stream.destroy();
  });

  it("leaves one that is removed: what is under way goes on, and it comes back when it is added again", async () => {
    const roster = new Roster();
    await using fixture = await TunnelFixture.open({ roster });
    const own = `127.0.0.1:${fixture.port}`;
    const other = fixture.openServer("server-b");
    const at = await other.listen({ host: "127.0.0.1", port: 0 });
    const second = `127.0.0.1:${"port" in at ? at.port : 0}`;
    roster.set([own, second]);
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a", { servers: [own, second] });
    await until(() => agent.servers.length === 2);
    const stream = await other.dial({ cluster: "hz-a" });
    equal(await echoed(stream, "before"), "before");

    roster.set([own]);
    await until(() => other.links()[0]?.isDraining === true);
    equal(await echoed(stream, "after"), "after");
    stream.destroy();
    await until(() => other.links().length === 0);
    deepEqual(agent.servers, ["server-a"]);

    roster.set([own, second]);
    await until(() => agent.servers.length === 2);
  });

  it("waits no longer than its grace for what is under way", async () => {
    const roster = new Roster();
    await using fixture = await TunnelFixture.open({ roster });
    const own = `127.0.0.1:${fixture.port}`;
    const other = fixture.openServer("server-b");
    const at = await other.listen({ host: "127.0.0.1", port: 0 });
    const second = `127.0.0.1:${"port" in at ? at.port : 0}`;
    roster.set([own, second]);
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a", { leaveGraceMs: 100 });
    await until(() => agent.servers.length === 2);
    const stream = await other.dial({ cluster: "hz-a" });
    const ended = once(stream, "close");
    stream.on("error", () => undefined);
    roster.set([own]);
    await ended;
    await until(() => agent.servers.length === 1);
  });

  it("finds both servers behind one address, by their number", async () => {
    await using fixture = await TunnelFixture.open({
      roster: {
        current: () => ({ servers: [balanced.address], count: 2 }),
        onChange: () => ({ [Symbol.dispose]: () => undefined }),
      },
    });
    const other = fixture.openServer("server-b");
    const at = await other.listen({ host: "127.0.0.1", port: 0 });
    const balanced = await fixture.balancer([fixture.port, "port" in at ? at.port : 0]);
    await fixture.echo("hz-a");
    const agent = fixture.startAgent("hz-a", { servers: [balanced.address] });
    await until(() => agent.servers.length === 2);
  });
});

async function echoed(stream: Duplex, text: string): Promise<string> {
  stream.write(text);
  const received: readonly unknown[] = await once(stream, "data");
  return String(received[0]);
}
