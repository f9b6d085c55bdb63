import { execFileSync, spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { MysqlSession } from "./mysql-session.ts";

/** Which server program to run. */
export type ServerKind = "mariadb" | "mysql";

/** Longest start, in milliseconds: after a kill in the middle of much work the log is read first. */
const startWithinMs = 180_000;

/** A database server of the tests' own: on loopback, in a folder that goes with it. */
export class MysqlTestServer implements AsyncDisposable {
  readonly kind: ServerKind;
  readonly port: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(kind: ServerKind, port: number, args: readonly string[]) {
    this.kind = kind;
    this.port = port;
    this.#args = args;
    this.#folder = mkdtempSync(join(tmpdir(), `cellplane-${kind}-`));
  }

  /** Makes a data directory and starts a server on it; `args` are options of the server. */
  static async start(kind: ServerKind, args: readonly string[] = []): Promise<MysqlTestServer> {
    // Another test may have taken the free port meanwhile.
    for (let attempt = 1; ; attempt++) {
      try {
        return await MysqlTestServer.#startOnce(kind, args);
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  static async #startOnce(kind: ServerKind, args: readonly string[]): Promise<MysqlTestServer> {
    const server = new MysqlTestServer(kind, await freePort(), args);
    try {
      server.#initialize();
      await server.run();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the server on its data, and waits until it answers; `args` in place of those of `start`. */
  async run(args: readonly string[] = this.#args): Promise<void> {
    const socket = join(this.#folder, "s");
    this.#process = spawn(
      programOf(this.kind),
      [
        ...(this.kind === "mariadb" ? ["--no-defaults"] : []),
        "--user=root",
        `--datadir=${join(this.#folder, "data")}`,
        `--socket=${socket}`,
        `--pid-file=${join(this.#folder, "pid")}`,
        `--log-error=${this.#logFile}`,
        `--port=${this.port}`,
        `--init-file=${join(this.#folder, "init.sql")}`,
        "--bind-address=127.0.0.1",
        "--innodb-buffer-pool-size=128M",
        ...(this.kind === "mysql" ? ["--mysqlx=OFF"] : []),
        ...args,
      ],
      { stdio: "ignore" },
    );
    const deadline = performance.now() + startWithinMs;
    for (;;) {
      try {
        return await this.admin("SELECT 1");
      } catch (error) {
        if (performance.now() > deadline || this.#process.exitCode !== null) {
          throw new Error(`${this.kind} did not start: ${this.#lastWords()}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** The process of the server, while it runs. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Ends the server as a power cut would, as far as a process can tell. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  }

  /** Opens a session of the administrator. */
  openSession(): Promise<MysqlSession> {
    const where = { host: "127.0.0.1", port: this.port, user: "tester", password: "s3cret-word" };
    return MysqlSession.open({ ...where, database: "mysql" }, []);
  }

  /** Runs statements as the administrator. */
  async admin(...statements: readonly string[]): Promise<void> {
    await using session = await this.openSession();
    for (const statement of statements) await session.run([statement], 30_000);
  }

  /** Makes an empty database and tells its URL. */
  async newDatabase(): Promise<string> {
    const name = `store_${++this.#databases}`;
    await this.admin(`CREATE DATABASE ${name}`);
    return this.urlOf(name);
  }

  /** The URL of a database of this server, or of one behind a proxy on another port. */
  urlOf(database: string, port: number = this.port): string {
    return `mysql://tester:s3cret-word@127.0.0.1:${port}/${database}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #logFile(): string {
    return join(this.#folder, "log");
  }

  /** The end of its log. */
  #lastWords(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, "utf8").slice(-2000) : "";
  }

  #initialize(): void {
    // What it complains of belongs to the error.
    const stdio: StdioOptions = ["ignore", "ignore", "pipe"];
    const common = ["--user=root", `--datadir=${join(this.#folder, "data")}`];
    // Read at each start, so that a server without any user becomes one with ours.
    writeFileSync(join(this.#folder, "init.sql"), initSql);
    if (this.kind === "mysql") {
      const args = ["--initialize-insecure", ...common, ...forgetful, smallLog];
      execFileSync(programOf("mysql"), args, { stdio });
    } else {
      const args = ["--no-defaults", ...common, "--skip-test-db"];
      execFileSync("mariadb-install-db", args, { stdio });
    }
  }
}

/** Options of MySQL under which nothing need outlast the server: it takes less than half of the time. */
export const forgetful: readonly string[] = [
  "--skip-log-bin",
  "--innodb-flush-method=nosync",
  "--innodb-doublewrite=OFF",
];

/** Of the first files. */
const smallLog = "--innodb-redo-log-capacity=8388608";

const initSql = ["%", "localhost"]
  .map(
    (host) =>
      `CREATE USER IF NOT EXISTS 'tester'@'${host}' IDENTIFIED BY 's3cret-word';\nGRANT ALL ON *.* TO 'tester'@'${host}' WITH GRANT OPTION;\n`,
  )
  .join("");

/** Whether the server's program is there. */
export function hasServer(kind: ServerKind): boolean {
  return existsSync(programOf(kind));
}

function programOf(kind: ServerKind): string {
  if (kind === "mariadb") return process.env["CELLPLANE_MARIADBD"] ?? "/usr/sbin/mariadbd";
  const peers = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
  return join(peers, "bin", "mysqld");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
