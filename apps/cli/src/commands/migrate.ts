import { stringifyJson, stringifyYaml } from "@cellplane/apimachinery";
import { kubefed } from "@cellplane/federation";
import { Command } from "commander";
import { isClean, renderReport } from "../migration/migration-report.ts";
import type { MigrationContext } from "../migration/migration-context.ts";
import { planMigrationSteps } from "../migration/migration-steps.ts";
import { type OutputFormat, parseOutputFormat } from "../output/print-object.ts";
import { runSteps } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { connectKubeconfig } from "../types/source-cluster.ts";
import { createCommand, timeoutOption } from "./common-options.ts";

interface MigrateOptions extends ControlPlaneOptions {
  readonly fromKubeconfig: string;
  readonly fromContext?: string;
  readonly kubefedNamespace: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly timeout: number;
  readonly output?: OutputFormat;
}

// All that was asked for is done, but something is not in step.
const heldExitCode = 2;

/** `cellplane migrate kubefed`. */
export function createMigrateCommand(): Command {
  return new Command("migrate")
    .description("Take over what another federation manages")
    .addCommand(createKubefedCommand().exitOverride());
}

function createKubefedCommand(): Command {
  return createCommand("kubefed", "Take over a KubeFed host, without one write to a member")
    .requiredOption("--from-kubeconfig <file>", "kubeconfig of the KubeFed host")
    .option("--from-context <name>", "context of that file (default: the current one)")
    .option(
      "--kubefed-namespace <namespace>",
      "KubeFed's namespace on the host",
      kubefed.systemNamespace,
    )
    .option("--force", "go on although KubeFed's controller seems to run")
    .option("--dry-run", "only say what would be in step and what would differ")
    .addOption(timeoutOption("how long to wait for clusters, and for progress"))
    .option(
      "-o, --output <format>",
      "print the report: json, yaml, name (of what is held)",
      parseOutputFormat,
    )
    .addHelpText(
      "after",
      `
Copies clusters with their credentials, settings, types, namespaces, federated objects and
ledgers from the host. Every copy is held by an empty placement mask first. What stands in
the members as KubeFed left it is then released: nothing is written for it until somebody
changes it. What differs stays held, and is listed with what would be written:
"kubectl patch" its template, or widen its mask, when you have looked at it.

Stop KubeFed's controller first. Nothing is ever written to the host or to a member. Running
it again goes on where it ended, and releases what is in step by then.

Exit code: 0 if everything is in step, 2 if something is held or left, 1 if it failed.

Examples:
  kubectl -n kube-federation-system scale deploy kubefed-controller-manager --replicas=0
  cellplane migrate kubefed --from-kubeconfig host.kubeconfig --dry-run
  cellplane migrate kubefed --from-kubeconfig host.kubeconfig`,
    )
    .action(async (options: MigrateOptions) => runMigrate(options));
}

async function runMigrate(options: MigrateOptions): Promise<void> {
  await using controlPlane = await connectControlPlane(options);
  await using host = await connectKubeconfig(options.fromKubeconfig, options.fromContext);
  const dryRun = options.dryRun === true;
  const context: MigrationContext = {};
  const steps = planMigrationSteps({
    host,
    hostNamespace: options.kubefedNamespace,
    controlPlane,
    force: options.force === true,
    dryRun,
    timeoutMs: options.timeout,
  });
  await runSteps(steps, context);
  const { report } = context;
  if (!report) throw new CliError("Cannot migrate as there was nothing to read");
  process.stdout.write(render(report, options.output, dryRun));
  if (!isClean(report)) process.exitCode = heldExitCode;
}

function render(
  report: NonNullable<MigrationContext["report"]>,
  format: OutputFormat | undefined,
  dryRun: boolean,
): string {
  if (format === "json") return `${stringifyJson({ ...report }, 2)}\n`;
  if (format === "yaml") return stringifyYaml(report);
  if (format === "name") {
    const held = report.objects.filter(({ state }) => state === "held");
    return held.map(({ object }) => `${object}\n`).join("");
  }
  return renderReport(report, dryRun ? "plan" : "done");
}
