import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { joinStreams } from "@cellplane/tunnel";
import { FederationFixture } from "./federation-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { TunnelAgentProcess } from "./tunnel-agent-process.ts";
import { waitFor } from "./wait-for.ts";

const name = "hz-a";
const path = `/apis/proxy.cellplane.io/v1alpha1/clusters/${name}/proxy/api/v1/namespaces/default`;

/** An address that agents are told instead of the control plane's own: where a load balancer would be. */
class Balancer implements AsyncDisposable {
  readonly address: string;
  /** Where connections go. */
  onward: { readonly host: string; readonly port: number } | undefined;
  /** How many have come. */
  taken = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    const { address, port } = server.address() as AddressInfo;
    this.address = `${address}:${port}`;
    server.on("connection", (socket) => this.#pass(socket));
  }

  static async open(host: string): Promise<Balancer> {
    const server = createServer({ noDelay: true }).listen(0, host);
    await once(server, "listening");
    return new Balancer(server);
  }

  #pass(socket: Socket): void {
    if (!this.onward) {
      socket.destroy();
      return;
    }
    this.taken += 1;
    const onward = connect({ ...this.onward, noDelay: true });
    for (const each of [socket, onward]) {
      this.#sockets.add(each);
      each.once("close", () => this.#sockets.delete(each));
    }
    joinStreams(socket, onward);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe("a tunnel that is kept up", () => {
  let balancer: Balancer;
  let fixture: FederationFixture;
  let folder: string;
  const agents = new Map<string, TunnelAgentProcess>();
  before(async () => {
    balancer = await Balancer.open("127.0.0.2");
    const listen = ["--tunnel-listen", "127.0.0.1:0", "--tunnel-advertise", balancer.address];
    fixture = await FederationFixture.open([...listen, "--log-level", "debug"]);
    lead();
    folder = `${fixture.folder}/agent`;
  });
  after(async () => {
    for (const agent of agents.values()) await agent[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
    await balancer[Symbol.asyncDispose]();
  });

  /** Leads the advertised address to where the control plane listens now. */
  const lead = (): void => {
    const { output } = fixture.controlPlane;
    const port = Number(/Agents are served at 127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    ok(port > 0, output);
    balancer.onward = { host: "127.0.0.1", port };
  };
  const cellplane = (...args: readonly string[]): ReturnType<typeof runCellplane> =>
    runCellplane([...args, "--kubeconfig", fixture.controlPlane.kubeconfig]);
  const startAgent = (id: string, ...more: readonly string[]): TunnelAgentProcess => {
    const own = ["--credentials", folder, "--target", fixture.member(name).client.server];
    const who = ["--server", balancer.address, "--cluster", name, "--agent-id", id];
    const agent = new TunnelAgentProcess([...who, ...own, ...more]);
    agents.set(id, agent);
    return agent;
  };
  const connected = async (): Promise<readonly string[]> => {
    const { stdout } = await cellplane("tunnel", "status", "-o", "json");
    const { clusters } = JSON.parse(stdout) as {
      readonly clusters: readonly { readonly agents: readonly { readonly id: string }[] }[];
    };
    return clusters[0]?.agents.map(({ id }) => id).sort() ?? [];
  };
  const waitForAgents = (...ids: readonly string[]): Promise<true> =>
    waitFor(`agents ${ids.join(", ")}`, async () =>
      (await connected()).join() === ids.join() ? true : undefined,
    );
  const ask = async (): Promise<number> =>
    (await fixture.controlPlane.client.raw({ method: "GET", path })).status;

  it("is found where --tunnel-advertise says, by a certificate of that name", async () => {
    const member = ["--member-kubeconfig", fixture.member(name).kubeconfig];
    const way = ["--tunnel", "--allow-proxy", "--credentials-dir", folder];
    const joining = cellplane("join", name, ...member, ...way);
    await waitFor("the credential of the agent", async () =>
      existsSync(`${folder}/tls.key`) ? true : undefined,
    );
    startAgent("one", "--log-level", "debug", "--grace-seconds", "3");
    const { code, stderr } = await joining;
    equal(code, 0, stderr);
    match(stderr, new RegExp(`cellplane agent --server ${balancer.address} --cluster ${name} `));
    deepEqual(await connected(), ["one"]);
    ok(balancer.taken > 0);
  });

  it("loses no request where one of two agents ends, which waits for what is under way", async () => {
    const second = startAgent("two");
    await waitForAgents("one", "two");
    const answers: number[] = [];
    const over = new AbortController();
    const load = [1, 2, 3, 4].map(async () => {
      while (!over.signal.aborted) answers.push(await ask());
    });
    await waitFor("some load", async () => (answers.length > 50 ? true : undefined));
    const ended = agents.get("one")?.end("SIGTERM");
    // What stands on it are watches, which it lets go on for its grace.
    equal(await ended, 0);
    const atEnd = answers.length;
    await waitFor("the load to go on", async () =>
      answers.length > atEnd + 50 ? true : undefined,
    );
    over.abort();
    await Promise.all(load);
    deepEqual([...new Set(answers)], [200]);
    await waitForAgents("two");
    equal(await ask(), 200);
    equal(second.output.includes("not connected"), false);
  });

  it("has told of each of its connections under one id, on both sides", () => {
    const atServer = endedIn(fixture.controlPlane.output);
    const atAgent = endedIn(agents.get("one")?.output ?? "");
    ok(atAgent.size > 0, "the agent tells of no connection");
    const target = new URL(fixture.member(name).client.server).host;
    for (const [id, record] of atAgent) {
      const other = atServer.get(id);
      ok(other, `the control plane tells nothing of ${JSON.stringify(record)}`);
      for (const each of [record, other]) {
        deepEqual([each.cluster, each.agentId, each.target], [name, "one", target]);
        ok(each.sentBytes > 0 && each.receivedBytes > 0 && each.durationMs >= 0 && each.why !== "");
      }
    }
  });

  it("is back by itself after the control plane has restarted", async () => {
    await fixture.controlPlane.restart();
    await waitFor("its new port", async () =>
      fixture.controlPlane.output.includes("Agents are served") ? true : undefined,
    );
    lead();
    await waitForAgents("two");
    const statuses: number[] = [];
    await waitFor("a request that succeeds", async () => {
      statuses.push(await ask());
      return statuses.at(-1) === 200 ? true : undefined;
    });
    await fixture.waitForCluster(name, "Ready");
  });

  it("ends a watch at once where the agents of its cluster are revoked", async () => {
    const watch = fixture.kubectl.start([
      "get",
      "--raw",
      `${path.replace(/\/default$/, "")}?watch=1`,
    ]);
    const ended = once(watch, "exit");
    await once(watch.stdout, "data");
    const { code, stderr } = await cellplane("tunnel", "revoke", name);
    equal(code, 0, stderr);
    await ended;
    deepEqual(await connected(), []);
    equal(await ask(), 503);
    const text = await fixture.kubectl.ok(["get", "--raw", "/metrics"]);
    await waitFor("the refusal to be counted", async () =>
      (await fixture.kubectl.ok(["get", "--raw", "/metrics"])).includes(
        'agent_refusals_total{reason="revoked"}',
      )
        ? true
        : undefined,
    );
    match(text, /server_stream_bytes_total\{cluster="hz-a",segment="from_agent"\} \d+/);
  });
});

interface Ended {
  readonly id: string;
  readonly cluster: string;
  readonly agentId: string;
  readonly target: string;
  readonly why: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly durationMs: number;
}

/** The connections that a log tells the end of, by their ids. */
function endedIn(log: string): ReadonlyMap<string, Ended> {
  const lines = log.split("\n").filter((line) => /^\{.*"connection ended".*\}$/.test(line));
  const parsed = lines.map((line) => JSON.parse(line) as Ended);
  return new Map(parsed.map((record) => [record.id, record]));
}
