import { stringifyJson, stringifyYaml } from "@cellplane/apimachinery";

/** A value as `-o json` or `-o yaml` prints it. */
export function printValue(value: unknown, format: "json" | "yaml"): string {
  return format === "json" ? `${stringifyJson(value, 2)}\n` : stringifyYaml(value);
}
