import { type KubernetesObject, stringifyJson, stringifyYaml } from "@cellplane/apimachinery";
import { discoverResources, type ResourcePath, type RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { createTypeConfig, federatedTypeCrd } from "@cellplane/federation";
import type { Command } from "commander";
import { federatedTypeConfigs, systemNamespace } from "../membership/system-namespace.ts";
import { parseOutputFormat, type OutputFormat } from "../output/print-object.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { ensureSpec } from "../types/ensure-object.ts";
import { findTarget, type Target } from "../types/find-target.ts";
import { chooseMember, connectMember } from "../types/member-connection.ts";
import { readSchema } from "../types/read-schema.ts";
import { createCommand } from "./common-options.ts";

const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};

interface EnableOptions extends ControlPlaneOptions {
  readonly member?: string;
  readonly memberKubeconfig?: string;
  readonly memberContext?: string;
  readonly version?: string;
  readonly federatedGroup?: string;
  readonly output?: OutputFormat;
}

/** `cellplane enable TYPE`. */
export function createEnableCommand(): Command {
  return createCommand("enable", "Make a kind of the members' API a federated type")
    .argument(
      "<type>",
      "plural, singular, kind or short name, with its group if need be: deployments.apps",
    )
    .option(
      "--member <name>",
      "joined member to read the type and its schema from (default: any Ready one)",
    )
    .option("--member-kubeconfig <file>", "… or any cluster, by its kubeconfig")
    .option("--member-context <name>", "context of that file (default: the current one)")
    .option("--version <version>", "version of the type (default: the preferred one)")
    .option("--federated-group <group>", "group of the federated kind (default: types.kubefed.io)")
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
for each of them afterwards.

Examples:
  cellplane enable networkpolicies
  cellplane enable certificates.cert-manager.io --member hz-a
  cellplane enable widgets.example.com -o yaml`,
    )
    .action(async (type: string, options: EnableOptions) => runEnable(type, options));
}

async function runEnable(type: string, options: EnableOptions): Promise<void> {
  await using controlPlane = await connectControlPlane(options);
  await using source = await connectSource(controlPlane, options);
  const { resources } = await discoverResources(source);
  const target = findTarget(resources, type, options.version);
  const schema = await readSchema(source, target.resource);
  const group = options.federatedGroup;
  const crd = federatedTypeCrd({
    target: target.apiResource,
    shortNames: target.resource.shortNames,
    ...(schema === undefined ? {} : { schema }),
    ...(group === undefined ? {} : { federatedGroup: group }),
  });
  const config = createTypeConfig(
    target.apiResource,
    group === undefined ? {} : { federatedGroup: group },
  );
  if (options.output !== undefined) {
    process.stdout.write(renderAll([config, crd], options.output));
    return;
  }
  await refuseCollision(controlPlane, target, crd, config);
  const crdName = crd.metadata.name ?? "";
  const configName = config.metadata.name ?? "";
  const crdOutcome = await ensureSpec(controlPlane, crds, crd);
  process.stdout.write(`customresourcedefinition.apiextensions.k8s.io/${crdName} ${crdOutcome}\n`);
  const configOutcome = await ensureSpec(controlPlane, federatedTypeConfigs, config);
  process.stdout.write(
    `federatedtypeconfig.core.kubefed.io/${configName} ${configOutcome} in namespace ${systemNamespace}\n`,
  );
}

async function connectSource(
  controlPlane: RestClient,
  options: EnableOptions,
): Promise<RestClient> {
  const { memberKubeconfig, memberContext, member } = options;
  if (memberKubeconfig === undefined) {
    return connectMember(controlPlane, member ?? (await chooseMember(controlPlane)));
  }
  const { connection } = await loadKubeconfig({
    file: memberKubeconfig,
    ...(memberContext === undefined ? {} : { context: memberContext }),
  });
  return connectRestClient(connection, { userAgent: "cellplane" });
}

/** Two targets with one kind would share a federated kind: the second needs a group of its own. */
async function refuseCollision(
  controlPlane: RestClient,
  target: Target,
  crd: KubernetesObject,
  config: KubernetesObject,
): Promise<void> {
  const { items } = await controlPlane.list(federatedTypeConfigs);
  const federated = (each: KubernetesObject): string => {
    const spec = each["spec"] as {
      readonly federatedType?: { readonly pluralName?: string; readonly group?: string };
    };
    return `${spec.federatedType?.pluralName ?? ""}.${spec.federatedType?.group ?? ""}`;
  };
  const other = items.find(
    (each) => each.metadata.name !== config.metadata.name && federated(each) === crd.metadata.name,
  );
  if (!other) return;
  throw new CliError(
    `Cannot enable ${target.resource.resource} as its federated kind "${crd.metadata.name ?? ""}" is that of "${other.metadata.name ?? ""}"; give another group with --federated-group`,
  );
}

function renderAll(objects: readonly KubernetesObject[], format: OutputFormat): string {
  if (format === "json") {
    return `${stringifyJson({ apiVersion: "v1", kind: "List", items: objects }, 2)}\n`;
  }
  if (format === "name") {
    const nameOf = ({ kind = "", apiVersion = "", metadata }: KubernetesObject): string =>
      `${kind.toLowerCase()}.${apiVersion.split("/")[0] ?? ""}/${metadata.name ?? ""}\n`;
    return objects.map(nameOf).join("");
  }
  return objects.map((object) => `---\n${stringifyYaml(object)}`).join("");
}
