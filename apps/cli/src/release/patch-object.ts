import { type KubernetesObject, parseJson, stringifyJson } from "@cellplane/apimachinery";
import { resourceUrl, type RestClient, statusErrorOf } from "@cellplane/client";
import { CliError } from "../program/cli-error.ts";
import type { FederatedTarget } from "./find-federated.ts";

/** One operation of a JSON patch. */
export interface PatchStep {
  readonly op: "add" | "remove" | "test";
  readonly path: string;
  readonly value?: unknown;
}

/**
 * Patches the object in one write and prints the server's warnings as kubectl does.
 * @throws {CliError} It is of another generation than a step tests.
 */
export async function patchObject(
  controlPlane: RestClient,
  target: FederatedTarget,
  patch: readonly PatchStep[] | object,
): Promise<KubernetesObject> {
  const { path, name } = target;
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
  if (status === 422 && Array.isArray(patch)) await checkGeneration(controlPlane, target, patch);
  if (status >= 300) throw statusErrorOf(status, text);
  return parseJson(text) as unknown as KubernetesObject;
}

// A server says of a failed test no more than that something is wrong with the request.
async function checkGeneration(
  controlPlane: RestClient,
  { path, name, called }: FederatedTarget,
  patch: readonly PatchStep[],
): Promise<void> {
  const tested = patch.find(({ op, path: at }) => op === "test" && at === "/metadata/generation");
  const { generation } = (await controlPlane.get(path, name)).metadata;
  if (!tested || generation === tested.value) return;
  throw new CliError(
    `Cannot write as "${called}" was changed meanwhile, from generation ${String(tested.value)} to ${generation}: nothing was written; look at it, and run this again`,
  );
}

/** The texts of a `Warning` header: `299 - "text"`, more after commas. */
export function readWarnings(header: string): readonly string[] {
  const texts = header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g);
  return Array.from(texts, ([, text = ""]) => text.replaceAll(/\\(.)/g, "$1"));
}
