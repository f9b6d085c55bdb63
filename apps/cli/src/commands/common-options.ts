import { Command } from "commander";

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

/** A positive number of seconds, as milliseconds. */
export function parseSeconds(text: string): number {
  const seconds = Number(text.replace(/s$/, ""));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 60_000;
}
