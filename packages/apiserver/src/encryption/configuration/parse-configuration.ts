import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseYaml,
} from "@cellplane/apimachinery";
import { ConfigurationError } from "./configuration-error.ts";
import { parseDurationMs } from "./duration.ts";
import type {
  EncryptedResources,
  EncryptionConfiguration,
  KeyConfiguration,
  KeysConfiguration,
  KmsConfiguration,
  ProviderConfiguration,
} from "./encryption-configuration.ts";

const apiVersion = "apiserver.config.k8s.io/v1";
const kind = "EncryptionConfiguration";
const defaultTimeoutMs = 3000;

/**
 * Reads a configuration, YAML or JSON, as strictly as Kubernetes does: an unknown or repeated field
 * is an error. Its rules are checked by `validateConfiguration`.
 *
 * @throws {ConfigurationError} Names the field, never what stands there.
 */
export function parseConfiguration(text: string): EncryptionConfiguration {
  const document = parseDocument(text);
  if (!isJsonObject(document)) throw new ConfigurationError("it is no object");
  checkType(document);
  const read = new Reader(document, "");
  const resources = read.list("resources", (each, path) => readResources(new Reader(each, path)));
  read.end(["apiVersion", "kind"]);
  return { resources };
}

// What a parser says shows the place, and there stands a key.
function parseDocument(text: string): JsonValue {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new ConfigurationError(`it is no YAML${lineOf(error)}`);
  }
}

function lineOf(error: unknown): string {
  const match = error instanceof Error ? /\((\d+):\d+\)/.exec(error.message) : null;
  return match ? `, line ${match[1]}` : "";
}

function checkType(document: JsonObject): void {
  const { apiVersion: version, kind: name } = document;
  if (typeof name !== "string" || name === "")
    throw new ConfigurationError("Object 'Kind' is missing");
  if (typeof version !== "string" || version === "") {
    throw new ConfigurationError("Object 'apiVersion' is missing");
  }
  if (version === apiVersion && name === kind) return;
  throw new ConfigurationError(`no kind "${name}" is registered for version "${version}"`);
}

function readResources(read: Reader): EncryptedResources {
  const resources = read.list("resources", (each, path) => textOf(each, path));
  const providers = read.list("providers", (each, path) => readProvider(new Reader(each, path)));
  read.end();
  return { resources, providers };
}

function readProvider(read: Reader): ProviderConfiguration {
  const aesgcm = read.object("aesgcm", readKeys);
  const aescbc = read.object("aescbc", readKeys);
  const secretbox = read.object("secretbox", readKeys);
  const kms = read.object("kms", readKms);
  const identity = read.object("identity", (inner) => {
    inner.end();
    return {};
  });
  read.end();
  return {
    ...(aesgcm && { aesgcm }),
    ...(aescbc && { aescbc }),
    ...(secretbox && { secretbox }),
    ...(kms && { kms }),
    ...(identity && { identity }),
  };
}

function readKeys(read: Reader): KeysConfiguration {
  const keys = read.list("keys", (each, path) => readKey(new Reader(each, path)));
  read.end();
  return { keys };
}

function readKey(read: Reader): KeyConfiguration {
  const key = { name: read.text("name"), secret: read.text("secret") };
  read.end();
  return key;
}

function readKms(read: Reader): KmsConfiguration {
  const version = read.text("apiVersion");
  const timeout = read.text("timeout");
  const cachesize = read.integer("cachesize");
  const timeoutMs = timeout === "" ? defaultTimeoutMs : parseDurationMs(timeout);
  if (timeoutMs === undefined) throw new ConfigurationError(`${read.path}.timeout is no duration`);
  const kms = {
    apiVersion: version === "" ? "v1" : version,
    name: read.text("name"),
    endpoint: read.text("endpoint"),
    timeoutMs,
    ...(cachesize === undefined ? {} : { cachesize }),
  };
  read.end();
  return kms;
}

/** Takes the members of one object, and knows which were not taken. */
class Reader {
  readonly path: string;
  readonly #members: Map<string, JsonValue | undefined>;

  constructor(value: JsonValue | undefined, path: string) {
    if (!isJsonObject(value)) throw new ConfigurationError(`${path} is no object`);
    this.path = path;
    this.#members = new Map(Object.entries(value));
  }

  text(name: string): string {
    return textOf(this.#take(name), this.#pathOf(name));
  }

  integer(name: string): number | undefined {
    const value = this.#take(name) ?? undefined;
    if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
    throw new ConfigurationError(`${this.#pathOf(name)} is no integer`);
  }

  list<T>(name: string, read: (each: JsonValue, path: string) => T): readonly T[] {
    const value = this.#take(name) ?? [];
    const path = this.#pathOf(name);
    if (!isJsonArray(value)) throw new ConfigurationError(`${path} is no list`);
    return value.map((each, at) => read(each, `${path}[${at}]`));
  }

  object<T>(name: string, read: (inner: Reader) => T): T | undefined {
    const value = this.#take(name) ?? undefined;
    return value === undefined ? undefined : read(new Reader(value, this.#pathOf(name)));
  }

  /** @throws {ConfigurationError} If there is a member that nobody has taken. */
  end(known: readonly string[] = []): void {
    for (const name of known) this.#members.delete(name);
    const unknown = Array.from(
      this.#members.keys(),
      (name) => `unknown field "${this.#pathOf(name)}"`,
    );
    if (unknown.length > 0) {
      throw new ConfigurationError(`strict decoding error: ${unknown.join(", ")}`);
    }
  }

  #take(name: string): JsonValue | undefined {
    const value = this.#members.get(name);
    this.#members.delete(name);
    return value;
  }

  #pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}

function textOf(value: JsonValue | undefined, path: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new ConfigurationError(`${path} is no string`);
}
