import { createServer, type Server, type Socket } from "node:net";
import type { FaultPlan } from "./oceanbase-faults.suite.ts";
import { fragileParts, widestRow, type Statement } from "./oceanbase-statement.suite.ts";
import { obVersion } from "./oceanbase-variables.suite.ts";
import { obError } from "./oceanbase-faults.suite.ts";
import { greetClient } from "./protocol-handshake.suite.ts";
import { errorAnswer, okAnswer, PacketSocket } from "./protocol-packets.suite.ts";
import { ProxyConnection, type ProxyHost } from "./proxy-connection.suite.ts";

/** Bytes that a row of OceanBase may have outside its large values. */
const maxRowBytes = 1_500_000;

/** Who the tests are to the server. */
const login = { user: "tester", password: "s3cret-word" };

/**
 * A proxy on loopback that speaks MySQL's protocol, so that it knows which statement an answer
 * belongs to: it makes the server behind it behave as OceanBase behind its own proxy does, and
 * makes statements fail.
 */
export class MysqlProxy implements AsyncDisposable, ProxyHost {
  readonly asOceanBase: boolean;
  readonly backendPort: number;
  readonly #server: Server;
  readonly #connections = new Set<ProxyConnection>();
  readonly #sockets = new Set<Socket>();
  #thaw: PromiseWithResolvers<void> | undefined;
  #awayUntil = 0;
  #clients = 0;
  /** Which statements fail; absent: none. */
  plan: FaultPlan | undefined;
  commitDelayMs = 0;
  /** Statements that ended a transaction well or not. */
  commits = 0;
  /** How often each fault came. */
  readonly faults: Map<string, number> = new Map();
  /** What was used that OceanBase or its proxy does not promise. */
  readonly fragile: Set<string> = new Set();
  /** Statements that made tables. */
  readonly tables: string[] = [];
  /** Session settings that clients asked for. */
  readonly settings: Set<string> = new Set();

  private constructor(backendPort: number, asOceanBase: boolean) {
    this.backendPort = backendPort;
    this.asOceanBase = asOceanBase;
    this.#server = createServer((socket) => void this.#accept(socket));
  }

  /** Listens, and passes on to a server on a port of this machine. */
  static async open(
    backendPort: number,
    { asOceanBase }: { readonly asOceanBase: boolean },
  ): Promise<MysqlProxy> {
    const proxy = new MysqlProxy(backendPort, asOceanBase);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** How many faults came. */
  get faultCount(): number {
    return this.faults.values().reduce((sum, count) => sum + count, 0);
  }

  get isLeaderAway(): boolean {
    return performance.now() < this.#awayUntil;
  }

  /** The same database, through this proxy. */
  urlOf(direct: string): string {
    const url = new URL(direct);
    url.port = String(this.port);
    return url.href;
  }

  /** All open transactions die, and nobody is served for a while. */
  switchLeader({ cut, awayMs }: { readonly cut: boolean; readonly awayMs: number }): void {
    this.#awayUntil = performance.now() + awayMs;
    for (const connection of this.#connections) connection.leaderSwitched(cut);
    this.count(`leader switch, ${cut ? "cut" : "not cut"}`);
  }

  /** Passes nothing on any more, either way, while the server sees the connections stand. */
  freeze(): void {
    this.#thaw ??= Promise.withResolvers();
  }

  thaw(): void {
    this.#thaw?.resolve();
    this.#thaw = undefined;
  }

  async thawed(): Promise<void> {
    await this.#thaw?.promise;
  }

  saw(statement: Statement): void {
    const { kind, head } = statement;
    for (const what of fragileParts(statement)) this.fragile.add(`${what}: ${head.slice(0, 80)}`);
    if (kind === "commit") this.commits++;
    if (kind === "set") this.settings.add(head);
    if (kind !== "ddl") return;
    this.tables.push(head);
    if (widestRow(statement) > maxRowBytes)
      this.fragile.add(`a row too wide: ${head.slice(0, 80)}`);
  }

  count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    for (const connection of this.#connections) connection.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #accept(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    const client = new PacketSocket(socket);
    try {
      await this.thawed();
      const version = this.asOceanBase ? obVersion : "9.0.0-proxy";
      const threadId = ++this.#clients;
      const who = await greetClient(client, { version, threadId, password: login.password });
      await this.thawed();
      if (this.isLeaderAway) {
        client.send(obError(threadId % 2 === 0 ? "notMaster" : "io"), 2);
        return socket.end() && undefined;
      }
      // OceanBase's names go on after the user's own: user@tenant#cluster.
      if (!who.isRight || who.user.split("@")[0] !== login.user) {
        client.send(errorAnswer(1045, `Access denied for user '${who.user}'`, "28000"), 2);
        return socket.end() && undefined;
      }
      const connection = new ProxyConnection(this, client, { ...login, database: who.database });
      client.send(okAnswer(2), 2);
      this.#connections.add(connection);
      await connection.serve();
      this.#connections.delete(connection);
    } catch {
      socket.destroy();
    }
  }
}
