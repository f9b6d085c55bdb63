import type { EnvelopeOptions } from "@cellplane/kms";
import { parseEtcdUrl, parseMysqlUrl, redactMysqlUrl, UnavailableError } from "@cellplane/kv";
import type { EncryptionFlags } from "./encryption-options.ts";
import { ServerError } from "./server-error.ts";

/** Where objects are kept: a file in the data directory, memory, another file, a database, or an etcd cluster. */
export type Datastore =
  | "sqlite"
  | "memory"
  | `sqlite:${string}`
  | `mysql://${string}`
  | `etcd://${string}`;

/** What `up` and `member` are told. */
export interface ServerOptions extends EncryptionFlags {
  readonly dataDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly datastore: Datastore;
  readonly tokenAuthFile?: string;
  readonly auditLogPath?: string;
  /** Keys that sealed member credentials are opened with. */
  readonly envelope?: EnvelopeOptions;
  readonly logLevel: string;
  /** Where agents of members dial in. */
  readonly tunnelListen?: { readonly host: string; readonly port: number };
  /** … and where they find it, if not there. */
  readonly tunnelAdvertise?: { readonly host: string; readonly port: number };
  /** … and where clients of the apiserver-network-proxy are served. */
  readonly tunnelFrontends?: readonly FrontendAddress[];
  /** … and how many connections each stock agent is to have. */
  readonly tunnelStripes?: number;
  /** What is traced, and where to. */
  readonly tracingConfigFile?: string;
}

/** A Unix socket, or a TCP address. */
export type FrontendAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/** Adds `unix:///PATH` or `HOST:PORT` to those that were given before. */
export function parseFrontend(
  text: string,
  before: readonly FrontendAddress[] = [],
): readonly FrontendAddress[] {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(text) ?? [];
  return [...before, path === undefined ? parseListen(text, "--tunnel-frontends") : { path }];
}

/** Makes sure that what is said of the tunnel has a tunnel to be said of. @throws {ServerError} */
export function checkTunnelOptions({
  tunnelListen,
  tunnelAdvertise,
  tunnelFrontends,
  tunnelStripes,
}: Partial<ServerOptions>): void {
  if (tunnelListen !== undefined) return;
  const given = [
    ...(tunnelAdvertise ? ["--tunnel-advertise"] : []),
    ...(tunnelFrontends ? ["--tunnel-frontends"] : []),
    ...(tunnelStripes === undefined ? [] : ["--tunnel-stripes"]),
  ];
  if (given.length === 0) return;
  throw new ServerError(`Cannot start as ${given.join(" and ")} goes with --tunnel-listen`);
}

/** What is logged: `debug`, `info`, `warn` or `error`. @throws {ServerError} */
export function parseLogLevel(text: string): string {
  if (["debug", "info", "warn", "error"].includes(text)) return text;
  throw new ServerError(
    `Cannot start as --log-level must be debug, info, warn or error: it is "${text}"`,
  );
}

/** How many connections a stock agent has: 1 to 16. */
export function parseStripes(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 16) return count;
  throw new ServerError(
    `Cannot serve agents as --tunnel-stripes must be a number from 1 to 16: it is "${text}"`,
  );
}

/** Parses the value of an option. `HOST:PORT`, `[V6]:PORT` or `:PORT`. */
export function listenParser(
  option: string,
): (text: string) => { readonly host: string; readonly port: number } {
  return (text) => parseListen(text, option);
}

/** `HOST:PORT`, `[V6]:PORT` or `:PORT`; `option` says in errors what it was given as. */
export function parseListen(
  text: string,
  option: string,
): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (!match || port > 65_535) {
    throw new ServerError(
      `Cannot start as ${option} must be HOST:PORT such as 127.0.0.1:6443: it is "${text}"`,
    );
  }
  const host = match.groups?.["v6"] ?? match.groups?.["host"] ?? "";
  return { host: host === "" ? "0.0.0.0" : host, port };
}

/** The datastores there are. A URL is checked in full, and never shown with its password. */
export function parseDatastore(text: string): Datastore {
  if (text === "sqlite" || text === "memory") return text;
  if (isSqlitePath(text) && text !== "sqlite:") return text;
  if (isMysqlUrl(text)) return checkUrl(text, parseMysqlUrl);
  if (isEtcdUrl(text)) return checkUrl(text, parseEtcdUrl);
  throw new ServerError(
    `Cannot open the store as --datastore must be one of sqlite, memory, sqlite:PATH, mysql://USER@HOST:PORT/DATABASE, etcd://HOST:PORT: it is "${redactMysqlUrl(text)}"`,
  );
}

/** Whether other processes may have the datastore open, too. */
export function isShared(datastore: Datastore): boolean {
  return datastore !== "memory" && datastore !== "sqlite" && !isSqlitePath(datastore);
}

/** Whether the datastore is a SQLite file of its own path. */
export function isSqlitePath(text: string): text is `sqlite:${string}` {
  return text.startsWith("sqlite:");
}

/** Whether the datastore is a database of MySQL's protocol. */
export function isMysqlUrl(text: string): text is `mysql://${string}` {
  return text.startsWith("mysql://");
}

/** Whether the datastore is an etcd cluster. */
export function isEtcdUrl(text: string): text is `etcd://${string}` {
  return text.startsWith("etcd://");
}

function checkUrl<Text extends Datastore>(
  text: Text,
  parse: (text: string, environment: Readonly<Record<string, string | undefined>>) => unknown,
): Text {
  try {
    parse(text, {});
    return text;
  } catch (error) {
    if (error instanceof UnavailableError) throw new ServerError(error.message, { cause: error });
    throw error;
  }
}
