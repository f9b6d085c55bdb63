import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { GrpcChannel } from "../../packages/grpc/src/index.ts";
import { StockPeers } from "../../packages/tunnel/src/stock-peers.suite.ts";
import { TestAuthority } from "../../packages/tunnel/src/tunnel-fixture.suite.ts";
import { type Dial, dialByConnect, dialByGrpc, dialDirectly } from "./dials.ts";
import { openServer, type ServerConfig } from "./open-server.ts";
import { findFreePort, Processes } from "./processes.ts";

/** A way to the target. */
export interface Subject {
  readonly name: string;
  readonly dial: Dial;
  readonly serverPids: readonly number[];
  readonly agentPids: readonly number[];
}

/** What can be measured. `in process`: whoever connects runs in the server, as the control plane does. */
export const subjectNames = [
  "direct",
  "stock grpc",
  "stock connect",
  "ours connect",
  "ours grpc",
  "ours in process",
  "ours, stock agent",
  "stock, our agent",
] as const;

/** One of them. */
export type SubjectName = (typeof subjectNames)[number];

const cluster = "member";
const patienceMs = 20_000;

/** Opens subjects; all ends with `opened`. */
export class SubjectOpener {
  readonly #opened: AsyncDisposableStack;
  readonly #processes: Processes;
  readonly #authority: TestAuthority = new TestAuthority("bench");
  readonly #stock: StockPeers;
  readonly #target: number;
  readonly #oneWayMs: number;

  private constructor(
    opened: AsyncDisposableStack,
    parts: { readonly processes: Processes; readonly target: number; readonly oneWayMs: number },
  ) {
    this.#opened = opened;
    this.#processes = parts.processes;
    this.#target = parts.target;
    this.#oneWayMs = parts.oneWayMs;
    this.#stock = opened.use(new StockPeers(this.#authority));
  }

  /** `delayMs`: of a round trip between agents and servers. */
  static async open(opened: AsyncDisposableStack, delayMs: number): Promise<SubjectOpener> {
    const processes = opened.use(new Processes());
    const { port } = await processes.start("target", {});
    return new SubjectOpener(opened, { processes, target: port, oneWayMs: delayMs / 2 });
  }

  async open(name: SubjectName): Promise<Subject> {
    const subject = { name, ...(await this.#start(name)) };
    await waitUntilUp(subject);
    return subject;
  }

  #start(name: SubjectName): Promise<Omit<Subject, "name">> | Omit<Subject, "name"> {
    switch (name) {
      case "direct":
        return { dial: dialDirectly(this.#target), serverPids: [], agentPids: [] };
      case "stock grpc":
        return this.#startStock("grpc", "stock");
      case "stock connect":
        return this.#startStock("http-connect", "stock");
      case "ours connect":
        return this.#startOwn("connect", "own");
      case "ours grpc":
        return this.#startOwn("grpc", "own");
      case "ours in process":
        return this.#startInProcess();
      case "ours, stock agent":
        return this.#startOwn("connect", "stock");
      case "stock, our agent":
        return this.#startStock("http-connect", "own");
      default:
        return name satisfies never;
    }
  }

  async #startStock(
    mode: "grpc" | "http-connect",
    agentKind: "own" | "stock",
  ): Promise<Omit<Subject, "name">> {
    const server = await this.#stock.server(mode, ["--proxy-strategies=default"]);
    const agentPids = await this.#startAgentOf(agentKind, await this.#relay(server.agent));
    const address = `127.0.0.1:${this.#target}`;
    const dial =
      mode === "grpc"
        ? this.#grpc(server.client, address)
        : dialByConnect(server.client, address, this.#clientTls());
    return { dial, serverPids: pidsOf(server.process), agentPids };
  }

  async #startOwn(
    mode: "grpc" | "connect",
    agentKind: "own" | "stock",
  ): Promise<Omit<Subject, "name">> {
    const config = await this.#serverConfig();
    const server = await this.#processes.start("own-server", config);
    const agentPids = await this.#startAgentOf(agentKind, await this.#relay(config.port));
    const address = `${cluster}:443`;
    const dial =
      mode === "grpc"
        ? this.#grpc(server.port, address)
        : dialByConnect(server.port, address, this.#clientTls());
    return { dial, serverPids: [server.pid], agentPids };
  }

  async #startInProcess(): Promise<Omit<Subject, "name">> {
    const config = await this.#serverConfig();
    const server = this.#opened.use(await openServer(config));
    const agentPids = await this.#startAgent(await this.#relay(config.port));
    return { dial: () => server.dial({ cluster }), serverPids: [process.pid], agentPids };
  }

  async #startAgentOf(kind: "own" | "stock", port: number): Promise<readonly number[]> {
    if (kind === "own") return this.#startAgent(port);
    return pidsOf(await this.#stock.agent([cluster], port));
  }

  async #startAgent(port: number): Promise<readonly number[]> {
    const { certificate: cert, key } = this.#authority.agent(cluster);
    const { pid } = await this.#processes.start("own-agent", {
      servers: [`127.0.0.1:${port}`],
      target: `127.0.0.1:${this.#target}`,
      ca: this.#authority.certificate,
      agents: [{ cluster, cert, key }],
    });
    return [pid];
  }

  async #serverConfig(): Promise<ServerConfig> {
    const { certificate: cert, key } = this.#authority.server();
    return {
      tls: { cert, key, ca: this.#authority.certificate },
      port: await findFreePort(),
      serverId: "own",
      upstream: `127.0.0.1:${this.#target}`,
    };
  }

  async #relay(port: number): Promise<number> {
    if (this.#oneWayMs === 0) return port;
    return (await this.#processes.start("relay", { port, oneWayMs: this.#oneWayMs })).port;
  }

  #grpc(port: number, address: string): Dial {
    const tls = { ...this.#clientTls(), servername: "localhost" };
    const windowBytes = 4 * 1024 * 1024;
    const target = `https://127.0.0.1:${port}`;
    const channel = this.#opened.use(new GrpcChannel({ target, tls, windowBytes }));
    return dialByGrpc(channel, address);
  }

  #clientTls(): { readonly ca: string; readonly cert: string; readonly key: string } {
    const { certificate: cert, key } = this.#authority.client("client", "clients");
    return { ca: this.#authority.certificate, cert, key };
  }
}

async function waitUntilUp({ name, dial }: Subject): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      (await dial()).destroy();
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw new Error(`Cannot use "${name}"`, { cause: error });
      await delay(100);
    }
  }
}

function pidsOf({ pid }: ChildProcess): readonly number[] {
  return pid === undefined ? [] : [pid];
}
