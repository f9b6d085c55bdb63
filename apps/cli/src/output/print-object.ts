import { stringifyJson, stringifyYaml, type KubernetesObject } from "@cellplane/apimachinery";
import { CliError } from "../program/cli-error.ts";

/** What `-o` takes. */
export const outputFormats = ["json", "yaml", "wide", "name"] as const;

/** One of them. */
export type OutputFormat = (typeof outputFormats)[number];

/** Checks what was given to `-o`. */
export function parseOutputFormat(text: string): OutputFormat {
  const found = outputFormats.find((format) => format === text);
  if (found) return found;
  throw new CliError(
    `Cannot print as -o must be one of ${outputFormats.join("|")}: it is "${text}"`,
  );
}

/** An object as JSON, YAML or `resource.group/name`; `undefined` where the format is for people. */
export function formatObject(
  object: KubernetesObject,
  resource: string,
  format: OutputFormat | undefined,
): string | undefined {
  if (format === "json") return `${stringifyJson(object, 2)}\n`;
  if (format === "yaml") return stringifyYaml(object);
  if (format === "name") return `${resource}/${object.metadata.name ?? ""}\n`;
  return undefined;
}
