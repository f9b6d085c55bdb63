import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { CliError } from "./cli-error.ts";

/** The text of a file, or of the standard input where it is called `-`. */
export async function readInput(file: string): Promise<string> {
  if (file === "-") return text(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot read "${file}": ${why}`, { cause: error });
  }
}
