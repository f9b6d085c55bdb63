import { Command, Option } from "commander";
import { CliError } from "../program/cli-error.ts";

/** A command with the options that choose the control plane. */
export function createCommand(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .option(
      "--kubeconfig <file>",
      "kubeconfig of the control plane (default: KUBECONFIG, ~/.kube/config)",
    )
    .option("--context <name>", "its context (default: the current one)");
}

/** `--timeout`, given in seconds and handed on in milliseconds; a minute unless given. */
export function timeoutOption(summary: string): Option {
  return new Option("--timeout <seconds>", summary).argParser(parseSeconds).default(60_000, "60");
}

function parseSeconds(text: string): number {
  const seconds = Number(text.replace(/s$/, ""));
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1000;
  throw new CliError(
    `Cannot wait as --timeout must be a positive number of seconds: it is "${text}"`,
  );
}
