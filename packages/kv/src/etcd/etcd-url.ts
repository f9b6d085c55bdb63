import { readFileSync } from "node:fs";
import { passwordVariable } from "../mysql/mysql-url.ts";
import { UnavailableError } from "../store/kv-error.ts";

/** Files of TLS to etcd; each holds PEM. */
export interface EtcdTls {
  /** Absent: the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where a cluster is, how to get in, and which of its keys are ours. */
export interface EtcdTarget {
  /** Its members, as `http://host:port` or `https://host:port`; the first one that answers is used. */
  readonly endpoints: readonly string[];
  /** What stands before each of our keys; empty: the whole cluster is ours. It ends with a slash. */
  readonly prefix: string;
  /** Absent where the cluster wants no password. */
  readonly user?: string;
  readonly password: string;
  readonly tls?: EtcdTls;
}

const parameters = ["ssl", "ssl-ca", "ssl-cert", "ssl-key", "password-file", "prefix"] as const;

const urlPattern =
  /^etcd:\/\/(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^/?#@]*)\/?(?:\?(?<query>[^#]*))?$/;

/** Files are read by the caller's function, so that this can be tested without any. */
type ReadText = (path: string) => string;

/**
 * Parses `etcd://[user[:password]@]host[:port][,host…]?prefix=…&ssl-ca=…&ssl-cert=…&ssl-key=…&password-file=…`.
 * `ssl=true` alone trusts the system's authorities. The password is that of the URL, else of
 * the file, else of the environment.
 * @throws {UnavailableError} Without any secret in its message.
 */
export function parseEtcdUrl(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  readText: ReadText = (path) => readFileSync(path, "utf8"),
): EtcdTarget {
  const parts = urlPattern.exec(text)?.groups;
  if (!parts) throw refuse(text, "it must be etcd://[USER@]HOST:PORT[,HOST:PORT…]?…");
  const given = new URLSearchParams(parts["query"] ?? "");
  for (const name of given.keys()) {
    if (parameters.some((known) => known === name)) continue;
    throw refuse(
      text,
      `it has the unknown parameter "${name}", known are ${parameters.join(", ")}`,
    );
  }
  const read = (name: string): string | undefined => {
    const path = given.get(name);
    return path === null ? undefined : readFile(text, path, readText);
  };
  const tls = tlsOf(text, given, read);
  const user = decode(text, parts["user"] ?? "");
  return {
    endpoints: endpointsOf(text, parts["hosts"] ?? "", tls ? "https" : "http"),
    prefix: withSlash(given.get("prefix") ?? ""),
    password:
      decode(text, parts["password"] ?? "") ||
      (read("password-file")?.replace(/\r?\n$/, "") ?? environment[passwordVariable] ?? ""),
    ...(user === "" ? {} : { user }),
    ...(tls ? { tls } : {}),
  };
}

/** The URL as it may be shown: what names the store, so neither a password nor parameters but `prefix`. */
export function redactEtcdUrl(text: string): string {
  const parts = urlPattern.exec(text)?.groups;
  // A password with "?" as it is makes the URL's beginning look like a host and a port.
  if (!parts || /^[^=&]*@/.test(parts["query"] ?? ""))
    return text.replace(/\/\/.*@/, "//…@").replace(/\?.*/, "");
  const user = parts["user"] ?? "";
  const prefix = withSlash(new URLSearchParams(parts["query"] ?? "").get("prefix") ?? "");
  const query = prefix === "" ? "" : `?prefix=${prefix}`;
  return `etcd://${user}${user === "" ? "" : "@"}${parts["hosts"]}${query}`;
}

function endpointsOf(text: string, hosts: string, scheme: string): readonly string[] {
  return hosts.split(",").map((host) => {
    const url = URL.parse(`${scheme}://${host}`);
    if (!url || url.hostname === "") throw refuse(text, `"${host}" is no HOST:PORT`);
    // The port of the scheme is one as any other here.
    const port = /:(\d+)$/.exec(host)?.[1] ?? "2379";
    return `${scheme}://${url.hostname}:${Number(port)}`;
  });
}

/** With a slash at its end the keys of `/a` are not among those of `/ab`. */
function withSlash(prefix: string): string {
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}

function tlsOf(
  text: string,
  given: URLSearchParams,
  read: (name: string) => string | undefined,
): EtcdTls | undefined {
  const [ca, cert, key] = [read("ssl-ca"), read("ssl-cert"), read("ssl-key")];
  if ((cert === undefined) !== (key === undefined)) {
    throw refuse(text, "ssl-cert and ssl-key go together");
  }
  if (ca === undefined && cert === undefined && given.get("ssl") !== "true") return undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refuse(text, "its user or password is not percent-encoded");
  }
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
  return new UnavailableError(`Cannot use the etcd URL "${redactEtcdUrl(text)}" as ${why}`);
}
