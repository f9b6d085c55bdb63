import { type KubernetesObject, stringifyJson, stringifyYaml } from "@cellplane/apimachinery";
import type { OutputFormat } from "./print-object.ts";

/** Objects in one text: YAML documents, a JSON List, or a name a line. */
export function renderObjects(objects: readonly KubernetesObject[], format: OutputFormat): string {
  if (format === "json") {
    return `${stringifyJson({ apiVersion: "v1", kind: "List", items: objects }, 2)}\n`;
  }
  if (format === "name") return objects.map((object) => `${nameOf(object)}\n`).join("");
  return objects.map((object) => `---\n${stringifyYaml(object)}`).join("");
}

/** `federatedconfigmap.types.kubefed.io/web`. */
export function nameOf({ kind = "", apiVersion = "", metadata }: KubernetesObject): string {
  const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0] ?? ""}` : "";
  return `${kind.toLowerCase()}${group}/${metadata.name ?? ""}`;
}
