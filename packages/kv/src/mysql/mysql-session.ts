import { connect, type Socket } from "node:net";
import { createConnection, type Connection } from "mysql2";
import { signEd25519 } from "./ed25519-signature.ts";
import { MysqlError } from "./mysql-error.ts";
import { tlsOptions } from "./mysql-tls.ts";
import type { MysqlTarget } from "./mysql-url.ts";

/** A row as the columns were asked for. */
export type SqlRow = readonly unknown[];

/** Longest wait for a connection, in milliseconds. */
const connectTimeoutMs = 3000;

/** One connection. A statement that fails without an answer of the server ends it. */
export class MysqlSession implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #waiting = new Set<(error: MysqlError) => void>();
  #closed = false;
  /** Statements that have no answer yet. */
  pending = 0;

  private constructor(connection: Connection) {
    this.#connection = connection;
    // After whoever waits has been told why, if there is a reason.
    connection.on("error", () => setImmediate(() => this.destroy()));
    connection.on("end", () => setImmediate(() => this.destroy()));
  }

  /**
   * Connects and prepares the session.
   * @throws {MysqlError}
   */
  static async open(target: MysqlTarget, setUp: readonly string[]): Promise<MysqlSession> {
    const { tls, host, port, user, password, database } = target;
    const connection = createConnection({
      host,
      port,
      user,
      password,
      database,
      ...(tls ? { ssl: tlsOptions(tls), stream: () => namedSocket(port, host) } : {}),
      connectTimeout: connectTimeoutMs,
      multipleStatements: true,
      rowsAsArray: true,
      // MariaDB's way to log in, which the client library lacks.
      authPlugins: { client_ed25519: () => (nonce) => signEd25519(Buffer.from(password), nonce) },
      // Never offer the client's files to the server.
      flags: ["-LOCAL_FILES"],
    });
    const session = new MysqlSession(connection);
    try {
      await session.#connect();
      if (setUp.length > 0) await session.run(setUp, connectTimeoutMs);
      return session;
    } catch (error) {
      session.destroy();
      throw MysqlError.from(error);
    }
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The server's number of this session, for `KILL`. */
  get threadId(): number {
    return this.#connection.threadId ?? 0;
  }

  /**
   * Sends statements in one message and tells the rows of each; the server stops at the first that fails.
   * @throws {MysqlError} `ETIMEDOUT` after `timeoutMs`: the session is gone then.
   */
  async run(statements: readonly string[], timeoutMs: number): Promise<readonly SqlRow[][]> {
    if (this.#closed) throw new MysqlError("the connection is closed", { errno: 0, code: "EPIPE" });
    this.pending++;
    try {
      const answer = await this.#send(statements.join(";\n"), timeoutMs);
      return rowsOf(statements.length === 1 ? [answer] : answer);
    } catch (error) {
      const failure = MysqlError.from(error);
      if (failure.errno === 0) this.destroy();
      throw failure;
    } finally {
      this.pending--;
    }
  }

  /** Ends the session at once; an open transaction is rolled back by the server. */
  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.destroy();
    // The client library says nothing to those whose connection is destroyed.
    for (const reject of this.#waiting) {
      reject(new MysqlError("the connection was lost", { errno: 0, code: "ECONNRESET" }));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const ended = new Promise<void>((resolve) => this.#connection.end(() => resolve()));
    const late = new Promise<void>((resolve) => setTimeout(resolve, 500).unref());
    await Promise.race([ended, late]);
    this.#connection.destroy();
  }

  #connect(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => {
      reject(
        new MysqlError(`no connection in ${connectTimeoutMs} ms`, { errno: 0, code: "ETIMEDOUT" }),
      );
    }, connectTimeoutMs);
    // A connection that is closed before the server's greeting is an end without an error.
    this.#waiting.add(reject);
    this.#connection.connect((error) => (error ? reject(error) : resolve()));
    return promise.finally(() => {
      clearTimeout(late);
      this.#waiting.delete(reject);
    });
  }

  #send(sql: string, timeoutMs: number): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const late = setTimeout(() => {
      reject(new MysqlError(`no answer in ${timeoutMs} ms`, { errno: 0, code: "ETIMEDOUT" }));
    }, timeoutMs);
    this.#waiting.add(reject);
    // No values, not an empty list of them, for which the client library would look through the statement.
    this.#connection.query({ sql, values: null }, (error: unknown, results: unknown) => {
      if (error) reject(error);
      else resolve(results);
    });
    return promise.finally(() => {
      clearTimeout(late);
      this.#waiting.delete(reject);
    });
  }
}

/**
 * A socket that knows its host's name: where that is an address, the client library names none, and
 * Node would look for "localhost" in the certificate.
 */
function namedSocket(port: number, host: string): Socket {
  const socket = connect({ port, host, noDelay: true, keepAlive: true });
  return Object.assign(socket, { _host: host });
}

/** Rows of each statement; none for a statement that has no rows. */
function rowsOf(results: unknown): SqlRow[][] {
  if (!Array.isArray(results)) throw new MysqlError("the answer is none", { errno: 0, code: "" });
  return results.map((result) => (Array.isArray(result) ? (result as SqlRow[]) : []));
}
