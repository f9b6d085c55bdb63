import { stringifyJson, stringifyYaml } from "@cellplane/apimachinery";
import { ServerError } from "../options/server-error.ts";

/** How a result is printed; absent: for people. */
export type SummaryFormat = "json" | "yaml" | "wide";

/** Prints a result on standard output: as data, or as sentences. */
export function printSummary(
  format: SummaryFormat | undefined,
  { data, text }: { readonly data: object; readonly text: string },
): void {
  if (format === "json") process.stdout.write(`${stringifyJson({ ...data }, 2)}\n`);
  else if (format === "yaml") process.stdout.write(stringifyYaml({ ...data }));
  else process.stdout.write(text === "" ? "" : `${text}\n`);
}

/** Checks `--output`. */
export function parseSummaryFormat(text: string): SummaryFormat {
  if (text === "json" || text === "yaml" || text === "wide") return text;
  throw new ServerError(`Cannot print as --output must be json, yaml or wide: it is "${text}"`);
}
