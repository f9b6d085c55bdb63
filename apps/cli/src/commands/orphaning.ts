import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { kubefed } from "@cellplane/federation";
import { Command } from "commander";
import { formatObject, type OutputFormat, parseOutputFormat } from "../output/print-object.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { federatedPath, findTypeConfig } from "../types/type-configs.ts";
import { createCommand } from "./common-options.ts";

interface OrphaningOptions extends ControlPlaneOptions {
  readonly namespace: string;
  readonly output?: OutputFormat;
}

/** `cellplane orphaning enable|disable|status TYPE NAME`; KubeFed calls it `orphaning-deletion`. */
export function createOrphaningCommand(): Command {
  return new Command("orphaning")
    .alias("orphaning-deletion")
    .description("Say whether members keep their copies when a federated object is deleted")
    .addCommand(createVerb("enable", "Members keep their copies, unmanaged", "true"))
    .addCommand(createVerb("disable", "Members' copies are deleted, too", null))
    .addCommand(createVerb("status", "Print Enabled or Disabled", undefined))
    .addHelpText(
      "after",
      `
Sets or removes the annotation ${kubefed.orphanAnnotation} of the federated object, which is
read when the object is deleted.

Examples:
  cellplane orphaning enable deployments web -n bank-prod
  cellplane orphaning status federateddeployments web -n bank-prod`,
    );
}

function createVerb(verb: string, summary: string, value: string | null | undefined): Command {
  return createCommand(verb, summary)
    .argument(
      "<type>",
      "the type, or its federated kind: deployments, fdeploy, FederatedDeployment",
    )
    .argument("<name>", "name of the federated object")
    .option("-n, --namespace <namespace>", "its namespace", "default")
    .option("-o, --output <format>", "print the object: json, yaml, name", parseOutputFormat)
    .action(async (type: string, name: string, options: OrphaningOptions) => {
      await using controlPlane = await connectControlPlane(options);
      const path = await findPath(controlPlane, type, options.namespace);
      const object = await write(controlPlane, path, { name, value });
      const state = isOrphaning(object) ? "Enabled" : "Disabled";
      const resource = `${path.resource}.${path.group}`;
      const line =
        value === undefined
          ? `${state}\n`
          : `${resource}/${name}: orphaning ${state.toLowerCase()}\n`;
      process.stdout.write(formatObject(object, resource, options.output) ?? line);
    })
    .exitOverride();
}

async function findPath(
  controlPlane: RestClient,
  type: string,
  namespace: string,
): Promise<ResourcePath> {
  const config = await findTypeConfig(controlPlane, type);
  if (config) return federatedPath(config, namespace);
  throw new CliError(
    `Cannot find "${type}" as no such type is federated; see "kubectl get ftc -A"`,
  );
}

async function write(
  controlPlane: RestClient,
  path: ResourcePath,
  { name, value }: { readonly name: string; readonly value: string | null | undefined },
): Promise<KubernetesObject> {
  if (value === undefined) return controlPlane.get(path, name);
  const current = await controlPlane.get(path, name);
  if (isOrphaning(current) === (value !== null)) return current;
  const body = { metadata: { annotations: { [kubefed.orphanAnnotation]: value } } };
  try {
    return await controlPlane.patch(path, name, { type: "merge", body });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    throw new CliError(`Cannot change "${name}" as it was deleted meanwhile`, { cause: error });
  }
}

function isOrphaning({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.[kubefed.orphanAnnotation] === "true";
}
