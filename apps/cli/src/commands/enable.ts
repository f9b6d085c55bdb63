import type { Command } from "commander";
import { parseOutputFormat, type OutputFormat } from "../output/print-object.ts";
import { renderObjects } from "../output/render-objects.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { readInput } from "../program/read-input.ts";
import {
  checkFederatedVersion,
  type EnableRequest,
  parseEnableDirective,
} from "../types/enable-directive.ts";
import { enableType, renderType } from "../types/enable-type.ts";
import { connectSource, type SourceOptions } from "../types/source-cluster.ts";
import { createCommand } from "./common-options.ts";

interface EnableOptions extends ControlPlaneOptions, SourceOptions {
  readonly filename?: string;
  readonly version?: string;
  readonly federatedGroup?: string;
  readonly federatedVersion?: string;
  readonly dryRun?: boolean;
  readonly output?: OutputFormat;
}

/** `cellplane enable TYPE`. */
export function createEnableCommand(): Command {
  return createCommand("enable", "Make a kind of the members' API a federated type")
    .argument(
      "[type]",
      "plural, singular, kind or short name, with its group if need be: deployments.apps",
    )
    .option(
      "-f, --filename <file>",
      "an EnableTypeDirective instead of TYPE and its options; - is the standard input",
    )
    .option(
      "--member <name>",
      "joined member to read the type and its schema from (default: any Ready one)",
    )
    .option("--member-kubeconfig <file>", "… or any cluster, by its kubeconfig")
    .option("--member-context <name>", "context of that file (default: the current one)")
    .option("--version <version>", "version of the type (default: the preferred one)")
    .option("--federated-group <group>", "group of the federated kind (default: types.kubefed.io)")
    .option("--federated-version <version>", "version of the federated kind: only v1beta1")
    .option("--dry-run", "let the control plane judge it, and store nothing")
    .option(
      "-o, --output <format>",
      "only print what would be created: yaml, json, name",
      parseOutputFormat,
    )
    .addHelpText(
      "after",
      `
Creates the CRD Federated<Kind> with both views, with the member's schema, and a
FederatedTypeConfig that starts its propagation. Members let the control plane's account
write only types that were enabled when they were joined: run "cellplane join" once more
for each of them afterwards. Enabling a type again brings its CRD up to date and keeps what
was set in its FederatedTypeConfig.

Examples:
  cellplane enable networkpolicies
  cellplane enable certificates.cert-manager.io --member hz-a
  cellplane enable widgets.example.com -o yaml
  cellplane enable -f directive.yaml`,
    )
    .action(async (type: string | undefined, options: EnableOptions) => runEnable(type, options));
}

async function runEnable(type: string | undefined, options: EnableOptions): Promise<void> {
  const request = await readRequest(type, options);
  await using controlPlane = await connectControlPlane(options);
  await using source = await connectSource(controlPlane, options);
  const objects = await renderType({ source, controlPlane }, request);
  if (options.output !== undefined) {
    process.stdout.write(renderObjects([objects.config, objects.crd], options.output));
    return;
  }
  const lines = await enableType(controlPlane, objects, { dryRun: options.dryRun === true });
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function readRequest(
  type: string | undefined,
  { filename, version, federatedGroup, federatedVersion }: EnableOptions,
): Promise<EnableRequest> {
  if (filename !== undefined) {
    if (type !== undefined) throw new CliError("Cannot enable both a type and a directive's");
    return parseEnableDirective(await readInput(filename));
  }
  if (type === undefined) {
    throw new CliError("Cannot enable as a type, or a directive with -f, must be given");
  }
  checkFederatedVersion(federatedVersion, "--federated-version");
  return {
    type,
    ...(version === undefined ? {} : { version }),
    ...(federatedGroup === undefined ? {} : { federatedGroup }),
  };
}
