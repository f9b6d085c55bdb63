import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { isJsonArray, isJsonObject, type JsonObject, parseYaml } from "@cellplane/apimachinery";
import type { ConnectionSettings } from "./credentials.ts";
import { execToken, type ExecConfig, fileToken } from "./token-sources.ts";

/** A kubeconfig that cannot be used; the message names file, place and remedy. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

/** Which context of which file. */
export interface KubeconfigChoice {
  /** One file. Default: `KUBECONFIG` (several are merged), else `~/.kube/config`. */
  readonly file?: string;
  /** Default: the file's `current-context`. */
  readonly context?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What a context says. */
export interface KubeconfigContext {
  readonly context: string;
  /** The context's namespace; `default` where it names none. */
  readonly namespace: string;
  readonly connection: ConnectionSettings;
}

interface Source {
  readonly file: string;
  readonly content: JsonObject;
}

interface Named {
  readonly source: Source;
  readonly value: JsonObject;
}

/**
 * Loads a context: client certificates, tokens, token files and exec plug-ins; relative paths are
 * relative to their file.
 *
 * @throws {KubeconfigError}
 */
export async function loadKubeconfig(choice: KubeconfigChoice = {}): Promise<KubeconfigContext> {
  const sources = readSources(choice);
  const context = choice.context ?? currentContext(sources);
  const { value } = find(sources, "contexts", "context", context);
  const cluster = find(sources, "clusters", "cluster", text(value, "cluster") ?? "");
  const userName = text(value, "user");
  const user = userName === undefined ? undefined : find(sources, "users", "user", userName);
  return {
    context,
    namespace: text(value, "namespace") ?? "default",
    connection: { ...clusterSettings(cluster), ...(user ? await userSettings(user) : {}) },
  };
}

/** What a context's cluster and user say, in the words of the file; its paths are absolute. */
export interface KubeconfigEntries {
  readonly context: string;
  readonly cluster: JsonObject;
  readonly user: JsonObject;
}

/**
 * Reads the entries of a context, for a kubeconfig that reaches something else by them.
 *
 * @throws {KubeconfigError}
 */
export function readKubeconfigEntries(choice: KubeconfigChoice = {}): KubeconfigEntries {
  const sources = readSources(choice);
  const context = choice.context ?? currentContext(sources);
  const { value } = find(sources, "contexts", "context", context);
  const cluster = find(sources, "clusters", "cluster", text(value, "cluster") ?? "");
  // Whatever is wrong with it is told as everywhere.
  clusterSettings(cluster);
  const userName = text(value, "user");
  const user = userName === undefined ? undefined : find(sources, "users", "user", userName);
  return {
    context,
    cluster: withAbsolutePaths(cluster),
    user: user ? withAbsolutePaths(user) : {},
  };
}

const pathFields = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

function withAbsolutePaths({ source, value }: Named): JsonObject {
  const paths = pathFields.flatMap((field) => {
    const path = text(value, field);
    return path === undefined ? [] : [[field, resolveFrom(source, path)] as const];
  });
  const exec = value["exec"];
  if (!isJsonObject(exec)) return { ...value, ...Object.fromEntries(paths) };
  const { command } = execConfig(source, exec);
  return { ...value, ...Object.fromEntries(paths), exec: { ...exec, command } };
}

function readSources(choice: KubeconfigChoice): readonly Source[] {
  const env = choice.env ?? process.env;
  const fromEnv = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  const files =
    choice.file !== undefined
      ? [choice.file]
      : fromEnv.length > 0
        ? fromEnv
        : [join(env["HOME"] ?? homedir(), ".kube", "config")];
  // As kubectl does: of several files, those that are missing are passed over.
  const there = files.length > 1 ? files.filter((file) => existsSync(file)) : files;
  return (there.length === 0 ? files : there).map(readSource);
}

function readSource(file: string): Source {
  let bytes: string;
  try {
    bytes = readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code === "ENOENT" ? "there is no such file" : code;
    throw new KubeconfigError(
      `Cannot read the kubeconfig "${file}": ${why}; give one with --kubeconfig or KUBECONFIG`,
      { cause: error },
    );
  }
  try {
    const content = parseYaml(bytes);
    if (isJsonObject(content)) return { file, content };
  } catch (error) {
    throw new KubeconfigError(`Cannot read the kubeconfig "${file}" as it is no YAML`, {
      cause: error,
    });
  }
  throw new KubeconfigError(`Cannot read the kubeconfig "${file}" as it holds no object`);
}

function currentContext(sources: readonly Source[]): string {
  for (const { content } of sources) {
    const current = text(content, "current-context");
    if (current !== undefined) return current;
  }
  const names = sources.map(({ file }) => `"${file}"`).join(", ");
  throw new KubeconfigError(
    `Cannot choose a context as ${names} has no current-context; give --context`,
  );
}

function find(sources: readonly Source[], list: string, field: string, name: string): Named {
  const known: string[] = [];
  for (const source of sources) {
    const entries = source.content[list];
    for (const entry of isJsonArray(entries) ? entries : []) {
      if (!isJsonObject(entry)) continue;
      const value = entry[field];
      if (entry["name"] === name && isJsonObject(value)) return { source, value };
      known.push(text(entry, "name") ?? "");
    }
  }
  const choice = known.length === 0 ? "none" : known.map((each) => `"${each}"`).join(", ");
  throw new KubeconfigError(
    `Cannot find the ${field} "${name}" in "${sources.map(({ file }) => file).join(delimiter)}": it has ${choice}`,
  );
}

function clusterSettings({ source, value }: Named): ConnectionSettings {
  const server = text(value, "server");
  if (server === undefined || !URL.canParse(server)) {
    throw new KubeconfigError(
      `Cannot use the kubeconfig "${source.file}" as clusters[].cluster.server must be a URL: it is "${server ?? ""}"`,
    );
  }
  const caBundle = pem(source, value, "certificate-authority");
  const tlsServerName = text(value, "tls-server-name");
  const proxyUrl = text(value, "proxy-url");
  return {
    server: server.replace(/\/$/, ""),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(value["insecure-skip-tls-verify"] === true ? { insecureSkipTlsVerify: true } : {}),
  };
}

async function userSettings({ source, value }: Named): Promise<Partial<ConnectionSettings>> {
  const clientCertificate = pem(source, value, "client-certificate");
  const clientKey = pem(source, value, "client-key");
  const impersonateUser = text(value, "as");
  const common = {
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(impersonateUser === undefined ? {} : { impersonateUser }),
  };
  const tokenFile = text(value, "tokenFile");
  if (tokenFile !== undefined)
    return { ...common, token: fileToken(resolveFrom(source, tokenFile)) };
  const token = text(value, "token");
  if (token !== undefined) return { ...common, token: () => token };
  if (isJsonObject(value["exec"])) {
    return { ...common, ...(await execToken(execConfig(source, value["exec"]))) };
  }
  return common;
}

function execConfig(source: Source, exec: JsonObject): ExecConfig {
  const command = text(exec, "command");
  if (command === undefined) {
    throw new KubeconfigError(
      `Cannot use the kubeconfig "${source.file}" as users[].user.exec.command is missing`,
    );
  }
  const directory = dirname(resolve(source.file));
  const args = exec["args"];
  const env = exec["env"];
  const variables = (isJsonArray(env) ? env : []).filter(isJsonObject);
  return {
    command: command.includes("/") && !isAbsolute(command) ? join(directory, command) : command,
    args: (isJsonArray(args) ? args : []).map(String),
    env: Object.fromEntries(
      variables.map((each) => [text(each, "name") ?? "", text(each, "value") ?? ""]),
    ),
    apiVersion: text(exec, "apiVersion") ?? "client.authentication.k8s.io/v1",
    directory,
  };
}

/** `<field>-data` in base64, or the file that `<field>` names. */
function pem(source: Source, value: JsonObject, field: string): string | undefined {
  const data = text(value, `${field}-data`);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const file = text(value, field);
  if (file === undefined) return undefined;
  const path = resolveFrom(source, file);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new KubeconfigError(
      `Cannot read ${field} of the kubeconfig "${source.file}": no file "${path}"`,
      {
        cause: error,
      },
    );
  }
}

function resolveFrom(source: Source, file: string): string {
  return resolve(dirname(resolve(source.file)), file);
}

function text(value: JsonObject, field: string): string | undefined {
  const found = value[field];
  return typeof found === "string" && found !== "" ? found : undefined;
}
