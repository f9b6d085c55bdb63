import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { TunnelAgent } from "./agent/tunnel-agent.ts";
import { ServerProcess } from "./server-process.suite.ts";
import { TestAuthority, until } from "./tunnel-fixture.suite.ts";

interface Request {
  /** Moments of `performance.now()`. */
  readonly beganAt: number;
  readonly endedAt: number;
  readonly server: number;
  readonly failure: string;
}

describe("two servers with agents on both, one of which is killed under load", () => {
  it("loses no request but those that were under way on it", async () => {
    await using opened = new AsyncDisposableStack();
    const authority = new TestAuthority("agents");
    const upstream = await startEcho(opened);
    const tls = { ...pairOf(authority.server()), ca: authority.certificate };
    const start = async (serverId: string): Promise<ServerProcess> =>
      opened.use(await ServerProcess.start({ tls, serverId, upstream }));
    const servers = await Promise.all([start("a"), start("b")]);
    const agents = ["one", "two"].map((agentId) =>
      opened.use(startAgent(authority, { agentId, servers, upstream })),
    );
    await until(() => agents.every((agent) => agent.servers.length === 2));

    const client = {
      ...pairOf(authority.client("client", "clients")),
      ca: authority.certificate,
      servername: "localhost",
    };
    const requests: Request[] = [];
    const over = new AbortController();
    const work = async (worker: number): Promise<void> => {
      for (let turn = worker; !over.signal.aborted; turn++) {
        const ports = servers.map(({ ports }) => ports.clients);
        requests.push(await askOneOf(turn % 2, ports, client));
      }
    };
    const load = Promise.all([0, 1, 2, 3].map(work));
    await until(() => requests.length > 30);
    const killedAt = performance.now();
    await servers[0]?.kill();
    const goneAt = performance.now();
    const atDeath = requests.length;
    await until(() => requests.length > atDeath + 30);
    over.abort();
    await load;

    const failed = requests.filter(({ failure }) => failure !== "");
    const wasUnderWay = ({ server, beganAt, endedAt }: Request): boolean =>
      server === 0 && beganAt <= goneAt && endedAt >= killedAt;
    deepEqual(
      failed.filter((request) => !wasUnderWay(request)),
      [],
    );
    const [before, after] = [0, 1].map((server) =>
      requests.some((request) => request.server === server && request.failure === ""),
    );
    deepEqual([before, after], [true, true]);
    for (const agent of agents) equal(agent.servers.includes("b"), true);
  });
});

/** Asks one server, or the other where nobody listens at the first. */
async function askOneOf(
  first: number,
  ports: readonly number[],
  options: ConnectionOptions,
): Promise<Request> {
  const beganAt = performance.now();
  let server = first;
  let failure = "";
  for (const candidate of [first, 1 - first]) {
    server = candidate;
    try {
      await ask(ports[candidate] ?? 0, options);
      failure = "";
      break;
    } catch (error) {
      failure = String(error);
      if (!failure.includes("ECONNREFUSED")) break;
    }
  }
  return { beganAt, endedAt: performance.now(), server, failure };
}

/** One connection through a server, on which everything comes back. */
async function ask(port: number, options: ConnectionOptions): Promise<void> {
  const socket: TLSSocket = connect({ host: "127.0.0.1", port, ...options });
  try {
    await once(socket, "secureConnect");
    socket.write("CONNECT hz-a:443 HTTP/1.1\r\nHost: hz-a:443\r\n\r\n");
    const [answer] = (await next(socket)) as [Buffer];
    ok(answer.toString().startsWith("HTTP/1.1 200"), answer.toString());
    socket.write("ping");
    const [pong] = (await next(socket)) as [Buffer];
    equal(pong.toString(), "ping");
  } finally {
    socket.destroy();
  }
}

/** The next bytes; an end instead of them is a failure. */
async function next(socket: TLSSocket): Promise<unknown[]> {
  const lost = once(socket, "close").then(() => {
    throw new Error("The connection was closed");
  });
  lost.catch(() => undefined);
  return Promise.race([once(socket, "data"), lost]);
}

async function startEcho(opened: AsyncDisposableStack): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  opened.defer(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function startAgent(
  authority: TestAuthority,
  {
    agentId,
    servers,
    upstream,
  }: {
    readonly agentId: string;
    readonly servers: readonly ServerProcess[];
    readonly upstream: string;
  },
): TunnelAgent {
  const tls = { ...pairOf(authority.agent("hz-a")), ca: authority.certificate };
  return new TunnelAgent({
    servers: servers.map(({ ports }) => `127.0.0.1:${ports.agents}`),
    agentId,
    cluster: "hz-a",
    targets: { target: upstream },
    channelOf: ({ address }) => ({
      target: `https://${address}`,
      tls: { ...tls, servername: "localhost" },
    }),
  });
}

function pairOf({ certificate, key }: { readonly certificate: string; readonly key: string }): {
  readonly cert: string;
  readonly key: string;
} {
  return { cert: certificate, key };
}
