import { readFileSync } from "node:fs";
import { UnavailableError } from "../store/kv-error.ts";
import { parseMysqlTls, tlsParameters, type MysqlTls } from "./mysql-tls.ts";

/** The environment variable that a password is taken from, so that no command line shows it. */
export const passwordVariable = "CELLPLANE_DATASTORE_PASSWORD";

/** Where a database is, and how to get in. */
export interface MysqlTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Absent: unencrypted. */
  readonly tls?: MysqlTls;
  /** Connections for reading, where the URL says how many. */
  readonly readConnections?: number;
}

const parameters: readonly string[] = [...tlsParameters, "password-file", "read-connections"];

/** Most connections for reading that one process may take. */
const maxReadConnections = 64;

/** Files are read by the caller's function, so that this can be tested without any. */
type ReadText = (path: string) => string;

/**
 * Parses `mysql://user[:password]@host[:port]/database?ssl-mode=…&ssl-ca=…&ssl-cert=…&ssl-key=…&password-file=…&read-connections=…`.
 * `ssl=true` alone trusts the system's authorities; `ssl-mode` is MySQL's. The password is that of the URL, else of
 * the file, else of the environment.
 * @throws {UnavailableError} Without any secret in its message.
 */
export function parseMysqlUrl(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  readText: ReadText = (path) => readFileSync(path, "utf8"),
): MysqlTarget {
  const url = URL.parse(text);
  if (!url || url.protocol !== "mysql:") {
    throw refuse(text, `it must be mysql://USER@HOST:PORT/DATABASE${escapeHint(text)}`);
  }
  const decode = (part: string): string => decodePart(text, part);
  const database = decode(url.pathname.replace(/^\//, ""));
  if (url.hostname === "") throw refuse(text, "it names no host");
  if (url.username === "") throw refuse(text, `it names no user${escapeHint(text)}`);
  if (database === "" || database.includes("/")) throw refuse(text, "it must name one database");
  for (const name of url.searchParams.keys()) {
    if (parameters.includes(name)) continue;
    throw refuse(
      text,
      `it has the unknown parameter "${name}", known are ${parameters.join(", ")}`,
    );
  }
  const tls = parseMysqlTls(
    url.searchParams,
    (path) => readFile(text, path, readText),
    (why) => refuse(text, why),
  );
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 3306 : Number(url.port),
    user: decode(url.username),
    password: passwordOf(text, url, { environment, readText }),
    database,
    ...(tls ? { tls } : {}),
    ...readConnectionsOf(text, url.searchParams.get("read-connections")),
  };
}

function readConnectionsOf(
  text: string,
  given: string | null,
): Pick<MysqlTarget, "readConnections"> {
  if (given === null) return {};
  const readConnections = Number(given);
  if (/^\d+$/.test(given) && readConnections >= 1 && readConnections <= maxReadConnections) {
    return { readConnections };
  }
  throw refuse(text, `read-connections must be from 1 to ${maxReadConnections}: it is "${given}"`);
}

/** The URL as it may be shown: no password, no parameters. */
export function redactMysqlUrl(text: string): string {
  const url = URL.parse(text);
  // A password with "/", "?" or "#" as they are makes the URL's beginning look like a host and a port.
  if (!url || url.protocol !== "mysql:" || (url.username === "" && text.includes("@"))) {
    return text.replace(/\/\/.*@/, "//…@").replace(/\?.*/, "");
  }
  return `mysql://${url.username}${url.username === "" ? "" : "@"}${url.host}${url.pathname}`;
}

function decodePart(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refuse(text, `a part of it has a "%" that stands for nothing${escapeHint(text)}`);
  }
}

/** What may be the matter with a URL that has a user and is none. */
function escapeHint(text: string): string {
  return text.includes("@")
    ? "; write /, ?, #, @ and % of a name or password as %2F, %3F, %23, %40 and %25"
    : "";
}

function passwordOf(
  text: string,
  url: URL,
  from: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly readText: ReadText;
  },
): string {
  if (url.password !== "") return decodePart(text, url.password);
  const path = url.searchParams.get("password-file");
  if (path === null) return from.environment[passwordVariable] ?? "";
  return readFile(text, path, from.readText).replace(/\r?\n$/, "");
}

function readFile(url: string, path: string, readText: ReadText): string {
  try {
    return readText(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refuse(url, `a file of it cannot be read: ${why}`);
  }
}

function refuse(text: string, why: string): UnavailableError {
  return new UnavailableError(`Cannot use the database URL "${redactMysqlUrl(text)}" as ${why}`);
}
