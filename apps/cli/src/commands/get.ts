import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { groups, isClusterReady, type KubeFedCluster, type Tombstone } from "@cellplane/federation";
import type { Command } from "commander";
import { kubeFedClusters, systemNamespace } from "../membership/system-namespace.ts";
import { formatAge } from "../output/format-age.ts";
import { type OutputFormat, parseOutputFormat } from "../output/print-object.ts";
import { renderObjects } from "../output/render-objects.ts";
import { renderTable } from "../output/table.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { createCommand } from "./common-options.ts";

const tombstones: ResourcePath = {
  group: groups.cellplane,
  version: "v1alpha1",
  resource: "tombstones",
  namespace: systemNamespace,
};

interface GetOptions extends ControlPlaneOptions {
  readonly output?: OutputFormat;
}

/** `cellplane get tombstones`. */
export function createGetCommand(): Command {
  return createCommand("get", "List what was left behind in members: tombstones")
    .argument("<resource>", "tombstones; everything else is shown by kubectl get")
    .option("-o, --output <format>", "wide, json, yaml, name", parseOutputFormat)
    .addHelpText(
      "after",
      `
A tombstone stands for an object that a deletion gave up (annotation
federation.cellplane.io/abandon), as its cluster could not be reached. It is removed there
once the cluster is back.

Examples:
  cellplane get tombstones
  cellplane get tombstones -o wide`,
    )
    .action(async (resource: string, options: GetOptions) => {
      if (!["tombstones", "tombstone"].includes(resource.toLowerCase())) {
        throw new CliError(
          `Cannot list "${resource}" as only tombstones are listed here; try "kubectl get ${resource}"`,
        );
      }
      await using controlPlane = await connectControlPlane(options);
      await listTombstones(controlPlane, options.output);
    });
}

async function listTombstones(
  controlPlane: RestClient,
  output: OutputFormat | undefined,
): Promise<void> {
  const { items } = await controlPlane.list(tombstones);
  const found = items.map(named);
  if (output !== undefined && output !== "wide") {
    process.stdout.write(renderObjects(found, output));
    return;
  }
  if (found.length === 0) {
    process.stderr.write("No tombstones: nothing was left behind\n");
    return;
  }
  const clusters = await readClusters(controlPlane);
  const isWide = output === "wide";
  const wide = isWide ? ["TOPOLOGY", "OWNER", "NAME"] : [];
  const header = ["CLUSTER", "KIND", "TARGET", "AGE", "WAITS FOR", ...wide];
  const rows = found.map((each) => rowOf(each as Tombstone, clusters, isWide));
  process.stdout.write(renderTable(header, rows));
}

// Items of a list come without them.
function named(object: KubernetesObject): KubernetesObject {
  return { apiVersion: `${groups.cellplane}/v1alpha1`, kind: "Tombstone", ...object };
}

async function readClusters(
  controlPlane: RestClient,
): Promise<ReadonlyMap<string, KubeFedCluster> | undefined> {
  try {
    const { items } = await controlPlane.list(kubeFedClusters);
    return new Map(items.map((each) => [each.metadata.name ?? "", each as KubeFedCluster]));
  } catch (error) {
    if (isStatus(error, "Forbidden")) return undefined;
    throw error;
  }
}

function rowOf(
  { metadata, spec }: Tombstone,
  clusters: ReadonlyMap<string, KubeFedCluster> | undefined,
  isWide: boolean,
): readonly string[] {
  const { clusterName, target, topology, owner } = spec;
  const home = target.namespace === undefined ? "" : `${target.namespace}/`;
  const ownerHome = owner.namespace === undefined ? "" : `${owner.namespace}/`;
  return [
    clusterName,
    target.kind,
    `${home}${target.name}`,
    formatAge(metadata.creationTimestamp ?? undefined, Date.now()),
    waitsFor(clusterName, clusters),
    ...(isWide ? [topology, `${owner.kind} ${ownerHome}${owner.name}`, metadata.name ?? ""] : []),
  ];
}

function waitsFor(name: string, clusters: ReadonlyMap<string, KubeFedCluster> | undefined): string {
  if (clusters === undefined) return "<unknown>";
  const cluster = clusters.get(name);
  if (!cluster) return "the cluster to be joined again";
  return isClusterReady(cluster) ? "its removal there" : "the cluster to be Ready";
}
