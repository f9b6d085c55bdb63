/**
 * Many agents at one server:
 * `node bench/tunnel/agents.ts [--agents 1000] [--processes 4] [--dials 2000] [--docs docs/performance.md]`.
 * Tells the server's memory for each agent, how long a dial takes among them, and how they come back
 * after the server was killed and started again. Agents and server are processes of their own.
 */
import { parseArgs } from "node:util";
import { setTimeout as delay } from "node:timers/promises";
import { TestAuthority } from "../../packages/tunnel/src/tunnel-fixture.suite.ts";
import { describeMachine, formatMachine } from "../support/machine.ts";
import { percentile } from "../support/percentile.ts";
import { readUsage } from "../support/usage.ts";
import { dialByGrpc } from "./dials.ts";
import { GrpcChannel } from "../../packages/grpc/src/index.ts";
import { writeSection } from "./docs-section.ts";
import { findFreePort, type Part, Processes } from "./processes.ts";
import { RawHttp } from "./raw-http.ts";

const { values: options } = parseArgs({
  options: {
    agents: { type: "string", default: "1000" },
    processes: { type: "string", default: "4" },
    dials: { type: "string", default: "2000" },
    docs: { type: "string" },
  },
});
const count = Number(options.agents);
const patienceMs = 180_000;
const getOne = Buffer.from("GET / HTTP/1.1\r\nHost: target\r\n\r\n");
const authority = new TestAuthority("bench");
const clusterOf = (i: number): string => `member-${String(i).padStart(5, "0")}`;

const told: string[] = [];

await using processes = new Processes();
tell(`${count} agents; measured on: ${formatMachine(describeMachine())}`);
const target = await processes.start("target", {});
const agentPort = await findFreePort();
const statusPort = await findFreePort();
let server = await startServer();
const empty = readUsage([server.pid]);
const agentParts = await startAgents();
await report("first connections", performance.now(), empty.cpuMicros);
const settled = readUsage([server.pid]);
const each = (after: number, before: number): string =>
  `${((after - before) / count / 1024).toFixed(1)} KiB`;
tell(`server: ${each(settled.rssBytes, empty.rssBytes)} of memory for each agent`);
const ofAgents = readUsage(agentParts.map(({ pid }) => pid)).rssBytes;
tell(`agents: ${(ofAgents / count / 1024).toFixed(0)} KiB each, Node included`);
await measureDials("dials to random agents");
await processes.kill(server);
await delay(1000);
const restarted = performance.now();
server = await startServer();
await report("all back after the server was killed and started again", restarted, 0);
await measureDials("dials after that");
if (options.docs !== undefined) writeSection(options.docs, "tunnel agents", told.join("\n"));

function tell(line: string): void {
  console.log(line);
  told.push(`- ${line}`);
}

async function startServer(): Promise<Part> {
  const { certificate: cert, key } = authority.server();
  return processes.start("own-server", {
    tls: { cert, key, ca: authority.certificate },
    port: agentPort,
    serverId: "own",
    upstream: `127.0.0.1:${target.port}`,
    statusPort,
  });
}

async function startAgents(): Promise<readonly Part[]> {
  const parts = Number(options.processes);
  const starting = Array.from({ length: parts }, (_, part) => {
    const own = Array.from({ length: count }, (_, i) => i).filter((i) => i % parts === part);
    const agents = own.map((i) => {
      const { certificate: cert, key } = authority.agent(clusterOf(i));
      return { cluster: clusterOf(i), cert, key };
    });
    return processes.start("own-agent", {
      servers: [`127.0.0.1:${agentPort}`],
      target: `127.0.0.1:${target.port}`,
      ca: authority.certificate,
      agents,
    });
  });
  return Promise.all(starting);
}

/** Waits until all agents are connected; tells how long each part of them took. */
async function report(what: string, started: number, cpuBefore: number): Promise<void> {
  const reached = new Map<number, number>();
  for (;;) {
    const connected = await countAgents();
    const seconds = (performance.now() - started) / 1000;
    for (const part of [0.5, 0.9, 1]) {
      if (connected >= count * part && !reached.has(part)) reached.set(part, seconds);
    }
    if (connected >= count) break;
    if (seconds * 1000 > patienceMs) throw new Error(`Only ${connected} agents have connected`);
    await delay(50);
  }
  const cpuSeconds = (readUsage([server.pid]).cpuMicros - cpuBefore) / 1e6;
  const at = (part: number): string => (reached.get(part) ?? 0).toFixed(1);
  tell(
    `${what}: half after ${at(0.5)} s, 90 % after ${at(0.9)} s, all after ${at(1)} s; ` +
      `${cpuSeconds.toFixed(1)} s of the server's CPU, ${((cpuSeconds * 1000) / count).toFixed(1)} ms each`,
  );
}

async function countAgents(): Promise<number> {
  try {
    const response = await fetch(`http://127.0.0.1:${statusPort}/`);
    return Number(await response.text());
  } catch {
    // Not up yet.
    return 0;
  }
}

async function measureDials(what: string): Promise<void> {
  const { certificate: cert, key } = authority.client("client", "clients");
  await using channel = new GrpcChannel({
    target: `https://127.0.0.1:${server.port}`,
    tls: { ca: authority.certificate, cert, key, servername: "localhost" },
  });
  const took: number[] = [];
  let failures = 0;
  let next = 0;
  const dials = Number(options.dials);
  const work = async (): Promise<void> => {
    while (next < dials) {
      const cluster = clusterOf((next++ * 7919) % count);
      const began = performance.now();
      try {
        const http = new RawHttp(await dialByGrpc(channel, `${cluster}:443`)());
        took.push(performance.now() - began);
        await http.request(getOne);
        http.close();
      } catch {
        failures++;
      }
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: 8 }, work));
  const perSecond = took.length / ((performance.now() - started) / 1000);
  const at = (part: number): string => percentile(took, part).toFixed(1);
  tell(
    `${what}, 8 at once: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ` +
      `${perSecond.toFixed(0)}/s, ${failures} failed`,
  );
}
