import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openMemoryStore, openMysqlStore, openSqliteStore } from "../../packages/kv/src/index.ts";
import {
  MysqlTestServer,
  type ServerKind,
} from "../../packages/kv/src/mysql/mysql-server.suite.ts";
import type { BenchClient } from "./clients/bench-client.ts";
import { EtcdClient } from "./clients/etcd-client.ts";
import { KineClient } from "./clients/kine-client.ts";
import { StoreClient } from "./clients/store-client.ts";

/** A store under measurement. */
export interface Subject {
  readonly name: string;
  readonly client: BenchClient;
  /** The processes that do its work, but for the bench's own. */
  readonly pids: readonly number[];
}

/** What can be measured, and how it is reached. */
export const subjectNames = [
  "etcd",
  "memory",
  "sqlite",
  "mariadb",
  "mysql",
  "facade memory",
  "facade sqlite",
  "facade mariadb",
  "facade mysql",
  "kine mariadb",
  "kine mysql",
] as const;

/** One of them. */
export type SubjectName = (typeof subjectNames)[number];

const program = fileURLToPath(new URL("../../bin/cellplane", import.meta.url));
const serverArgs: Readonly<Record<ServerKind, readonly string[]>> = {
  mariadb: ["--innodb-buffer-pool-size=2G", "--innodb-log-file-size=512M"],
  mysql: ["--innodb-buffer-pool-size=2G", "--innodb-redo-log-capacity=1G"],
};

/** Opens stores in a folder, all on one disk; the stack closes them. */
export class SubjectOpener {
  readonly #folder: string;
  readonly #opened: AsyncDisposableStack;
  readonly #servers = new Map<ServerKind, MysqlTestServer>();

  constructor(folder: string, opened: AsyncDisposableStack) {
    this.#folder = folder;
    this.#opened = opened;
  }

  async open(name: SubjectName): Promise<Subject> {
    const [first = "", second = ""] = name.split(" ");
    if (first === "etcd") return this.#etcd();
    if (first === "kine") return this.#kine(kindOf(second));
    if (first === "facade") return this.#facade(second);
    return this.#own(first);
  }

  async #own(name: string): Promise<Subject> {
    const path = join(this.#folder, "direct", "store.db");
    if (name === "memory") return this.#subject(name, new StoreClient(await openMemoryStore()));
    if (name === "sqlite") {
      return this.#subject(name, new StoreClient(await openSqliteStore({ path })));
    }
    const server = await this.#server(kindOf(name));
    const store = await openMysqlStore(await server.newDatabase(), {});
    return this.#subject(name, new StoreClient(store), [server.pid]);
  }

  async #kine(kind: ServerKind): Promise<Subject> {
    const server = await this.#server(kind);
    const client = await KineClient.open(await server.newDatabase());
    return this.#subject(`kine ${kind}`, client, [server.pid]);
  }

  async #facade(datastore: string): Promise<Subject> {
    const server =
      datastore === "sqlite" || datastore === "memory"
        ? undefined
        : await this.#server(kindOf(datastore));
    const url = server ? await server.newDatabase() : datastore;
    const args = ["etcd", "--listen", "http://127.0.0.1:0", "--datastore", url];
    const dataDir = join(this.#folder, `facade-${datastore}`);
    const nodeArgs = process.env["CELLPLANE_BENCH_NODE"]?.split(" ") ?? [];
    const child = this.#run(process.execPath, [
      ...nodeArgs,
      program,
      ...args,
      "--data-dir",
      dataDir,
    ]);
    const target = await readyAt(child);
    const pids = [child.pid ?? 0, ...(server ? [server.pid] : [])];
    return this.#subject(`facade ${datastore}`, new EtcdClient(target), pids);
  }

  async #etcd(): Promise<Subject> {
    const [client, peer] = [await freePort(), await freePort()];
    const peers = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
    const url = `http://127.0.0.1:${client}`;
    const child = this.#run(join(peers, "bin", "etcd"), [
      `--data-dir=${join(this.#folder, "etcd")}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      "--quota-backend-bytes=8589934592",
      "--max-txn-ops=256",
      "--log-level=error",
    ]);
    const subject = this.#subject("etcd", new EtcdClient(url), [child.pid ?? 0]);
    await untilAnswers(subject.client);
    return subject;
  }

  #subject(name: string, client: BenchClient, pids: readonly number[] = []): Subject {
    this.#opened.use(client);
    return { name, client, pids };
  }

  async #server(kind: ServerKind): Promise<MysqlTestServer> {
    const running = this.#servers.get(kind);
    if (running) return running;
    const server = this.#opened.use(await MysqlTestServer.start(kind, serverArgs[kind]));
    this.#servers.set(kind, server);
    return server;
  }

  #run(file: string, args: readonly string[]): ChildProcess {
    mkdirSync(this.#folder, { recursive: true });
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#opened.defer(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    });
    return child;
  }
}

function kindOf(name: string): ServerKind {
  if (name === "mariadb" || name === "mysql") return name;
  throw new Error(`Cannot measure "${name}"; there are: ${subjectNames.join(", ")}`);
}

async function readyAt(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("A server needs an output");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ready at (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error("Cannot start `cellplane etcd`");
}

async function untilAnswers(client: BenchClient): Promise<void> {
  for (const deadline = performance.now() + 30_000; ;) {
    try {
      await client.head();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
