import { readFile, writeFile } from "node:fs/promises";
import { isJsonArray, isJsonObject, type JsonObject, parseYaml } from "@cellplane/apimachinery";

/** What a kubeconfig says of itself, in the words of its file. */
export interface KubeconfigParts {
  readonly cluster: JsonObject;
  readonly user: JsonObject;
}

/** Reads the cluster and the user of a kubeconfig that has one of each. */
export async function readKubeconfig(file: string): Promise<KubeconfigParts> {
  const content = parseYaml(await readFile(file, "utf8"));
  return { cluster: onlyOf(content, "cluster"), user: onlyOf(content, "user") };
}

/** Writes a kubeconfig with these parts; returns its path. */
export async function writeKubeconfig(file: string, parts: KubeconfigParts): Promise<string> {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "member", cluster: parts.cluster }],
    users: [{ name: "someone", user: parts.user }],
    contexts: [{ name: "member", context: { cluster: "member", user: "someone" } }],
    "current-context": "member",
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

function onlyOf(content: unknown, what: "cluster" | "user"): JsonObject {
  const list = isJsonObject(content) ? content[`${what}s`] : undefined;
  const first = isJsonArray(list) ? list[0] : undefined;
  const found = isJsonObject(first) ? first[what] : undefined;
  if (!isJsonObject(found)) throw new Error(`Cannot read a kubeconfig as it has no ${what}`);
  return found;
}
