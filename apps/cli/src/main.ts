import { StatusError } from "@cellplane/apimachinery";
import { ConnectionError } from "@cellplane/client";
import { KubeconfigError } from "@cellplane/client/node";
import { Command, CommanderError } from "commander";
import { createCompletionCommand } from "./commands/completion.ts";
import { createCredentialsCommand } from "./commands/credentials.ts";
import { createDiffCommand } from "./commands/diff.ts";
import { createDisableCommand } from "./commands/disable.ts";
import { createEnableCommand } from "./commands/enable.ts";
import { createExplainPlacementCommand } from "./commands/explain-placement.ts";
import { createFederateCommand } from "./commands/federate.ts";
import { createGetCommand } from "./commands/get.ts";
import { createHistoryCommand } from "./commands/history.ts";
import { createJoinCommand } from "./commands/join.ts";
import { createKubeconfigCommand } from "./commands/kubeconfig.ts";
import { createMaskCommand } from "./commands/mask.ts";
import { createMigrateCommand } from "./commands/migrate.ts";
import { createOrphaningCommand } from "./commands/orphaning.ts";
import { createResumeCommand } from "./commands/resume.ts";
import { createRollbackCommand } from "./commands/rollback.ts";
import { createTunnelCommand } from "./commands/tunnel.ts";
import { createUnjoinCommand } from "./commands/unjoin.ts";
import { clientVersion, createVersionCommand } from "./commands/version.ts";
import { CliError } from "./program/cli-error.ts";
import { serverVerbs } from "./program/server-verbs.ts";

/** The command line, without the program's own name. Sets the exit code; never rejects. */
export async function runMain(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = exitCodeFor(args, report(error));
  }
}

function createProgram(): Command {
  const program = new Command("cellplane")
    .description("The federation control plane that knows cells")
    .version(clientVersion(), "--version")
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      `
Everything else is done with kubectl against the control plane:
  kubectl --kubeconfig DIR/admin.kubeconfig get cells,kubefedclusters -A`,
    );
  for (const verb of serverVerbs) addServerVerb(program, verb);
  const commands = [
    createJoinCommand(),
    createUnjoinCommand(),
    createCredentialsCommand(),
    createKubeconfigCommand(),
    createEnableCommand(),
    createDisableCommand(),
    createFederateCommand(),
    createOrphaningCommand(),
    createMigrateCommand(),
    createMaskCommand(),
    createRollbackCommand(),
    createHistoryCommand(),
    createDiffCommand(),
    createExplainPlacementCommand(),
    createResumeCommand(),
    createGetCommand(),
    createTunnelCommand(),
    createVersionCommand(),
    createCompletionCommand(() => program),
  ];
  for (const command of commands) program.addCommand(command.exitOverride());
  return program;
}

// To whoever runs it in a script, 1 means that there are differences.
function exitCodeFor([command]: readonly string[], code: number): number {
  return command === "diff" && code === 1 ? 2 : code;
}

/** Named here for help and completion; `bin/cellplane` gives these verbs to the server program. */
function addServerVerb(program: Command, verb: (typeof serverVerbs)[number]): void {
  const command = program.command(verb.name).description(verb.summary);
  for (const option of verb.options) command.option(`${option} <value>`);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  const known =
    error instanceof CliError ||
    error instanceof KubeconfigError ||
    error instanceof ConnectionError ||
    error instanceof StatusError;
  if (error instanceof StatusError) {
    const reason = error.reason === "" ? "" : ` (${error.reason})`;
    process.stderr.write(`Error from server${reason}: ${error.message}\n`);
  } else if (known) process.stderr.write(`Error: ${error.message}\n`);
  else process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof CliError ? error.exitCode : 1;
}
