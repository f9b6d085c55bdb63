import { type KubernetesObject, parseJson, stringifyJson } from "@cellplane/apimachinery";
import { resourceUrl, type RestClient, statusErrorOf } from "@cellplane/client";
import type { FederatedTarget } from "./find-federated.ts";

/** One operation of a JSON patch. */
export interface PatchStep {
  readonly op: "add" | "remove" | "test";
  readonly path: string;
  readonly value?: unknown;
}

/** Patches the object in one write and prints the server's warnings as kubectl does. */
export async function patchObject(
  controlPlane: RestClient,
  { path, name }: FederatedTarget,
  patch: readonly PatchStep[] | object,
): Promise<KubernetesObject> {
  const type = Array.isArray(patch) ? "json-patch" : "merge-patch";
  const { status, headers, body } = await controlPlane.raw({
    method: "PATCH",
    path: resourceUrl(path, name),
    headers: { "content-type": `application/${type}+json` },
    body: stringifyJson(patch),
  });
  const { warning = [] } = headers;
  for (const text of [warning].flat().flatMap(readWarnings)) {
    process.stderr.write(`Warning: ${text}\n`);
  }
  const text = new TextDecoder().decode(body);
  if (status >= 300) throw statusErrorOf(status, text);
  return parseJson(text) as unknown as KubernetesObject;
}

/** The texts of a `Warning` header: `299 - "text"`, more after commas. */
export function readWarnings(header: string): readonly string[] {
  const texts = header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g);
  return Array.from(texts, ([, text = ""]) => text.replaceAll(/\\(.)/g, "$1"));
}
