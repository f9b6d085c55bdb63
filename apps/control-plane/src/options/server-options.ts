import type { EnvelopeOptions } from "@cellplane/kms";
import { ServerError } from "./server-error.ts";

/** What `up` and `member` are told. */
export interface ServerOptions {
  readonly dataDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly datastore: "sqlite" | "memory";
  readonly tokenAuthFile?: string;
  readonly auditLogPath?: string;
  /** Keys that sealed member credentials are opened with. */
  readonly envelope?: EnvelopeOptions;
  readonly logLevel: string;
}

/** `HOST:PORT`, `[V6]:PORT` or `:PORT`. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (!match || port > 65_535) {
    throw new ServerError(
      `Cannot listen as --listen must be HOST:PORT such as 127.0.0.1:6443: it is "${text}"`,
    );
  }
  const host = match.groups?.["v6"] ?? match.groups?.["host"] ?? "";
  return { host: host === "" ? "0.0.0.0" : host, port };
}

/** The datastores there are. */
export function parseDatastore(text: string): ServerOptions["datastore"] {
  if (text === "sqlite" || text === "memory") return text;
  throw new ServerError(
    `Cannot open the store as --datastore must be one of sqlite, memory: it is "${text}"`,
  );
}
