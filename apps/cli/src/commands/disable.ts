import type { Command } from "commander";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { checkDisable, disableType } from "../types/disable-type.ts";
import { findTypeConfig, readTypeConfigs } from "../types/type-configs.ts";
import { createCommand, timeoutOption } from "./common-options.ts";

interface DisableOptions extends ControlPlaneOptions {
  readonly deleteCrd?: boolean;
  readonly orphan?: boolean;
  readonly dryRun?: boolean;
  readonly timeout: number;
}

/** `cellplane disable TYPE`. */
export function createDisableCommand(): Command {
  return createCommand("disable", "Make a federated type an ordinary one again")
    .argument("<type>", "plural, kind or short name, with its group if need be: deployments.apps")
    .option(
      "--delete-crd",
      "also delete the CRD Federated<Kind>, and with it what --orphan let go of",
    )
    .option(
      "--orphan",
      "let go of the federated objects that exist: their copies in members stay, unmanaged",
    )
    .option("--dry-run", "only look whether it could be done")
    .addOption(timeoutOption("how long to wait until its controller has stopped"))
    .addHelpText(
      "after",
      `
Stops propagation and deletes the FederatedTypeConfig. Nothing is written to or deleted in a
member. It is refused while federated objects of the type exist, as nobody would take their
finalizer away any more: delete them first, or let go of them with --orphan. To pause a type,
set spec.propagation of its FederatedTypeConfig to Disabled instead.

Examples:
  cellplane disable widgets.example.com
  cellplane disable widgets.example.com --orphan --delete-crd
  kubectl -n kube-federation-system patch ftc configmaps --type merge \\
      -p '{"spec":{"propagation":"Disabled"}}'             # only pause`,
    )
    .action(async (type: string, options: DisableOptions) => runDisable(type, options));
}

async function runDisable(type: string, options: DisableOptions): Promise<void> {
  await using controlPlane = await connectControlPlane(options);
  const config = await findTypeConfig(controlPlane, type);
  if (!config) {
    const names = (await readTypeConfigs(controlPlane)).map(({ metadata }) => metadata.name ?? "");
    throw new CliError(
      `Cannot disable "${type}" as no such type is federated; there are ${names.sort().join(", ")}`,
    );
  }
  const request = {
    controlPlane,
    config,
    deleteCrd: options.deleteCrd === true,
    orphan: options.orphan === true,
    timeoutMs: options.timeout,
    tell: (line: string) => void process.stdout.write(`${line}\n`),
  };
  await checkDisable(request);
  if (options.dryRun === true) {
    process.stdout.write(`${config.metadata.name ?? ""} can be disabled (dry run)\n`);
    return;
  }
  await disableType(request);
}
