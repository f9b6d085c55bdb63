import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { isStatus, StatusError } from "@cellplane/apimachinery";
import { ConnectionError } from "@cellplane/client";
import type { Command } from "commander";
import { readKubeconfigEntries } from "@cellplane/client/node";
import { type Cell, memberNameOfCell, targetNamespaceOf } from "@cellplane/federation";
import { type ProxiedMember, renderMemberKubeconfig } from "../membership/member-kubeconfig.ts";
import { kubeFedClusters } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { createCommand } from "./common-options.ts";

interface KubeconfigOptions extends ControlPlaneOptions {
  readonly cluster?: string;
  readonly cell?: string;
  readonly out?: string;
}

const cells = { group: "cellplane.io", version: "v1alpha1", resource: "cells" } as const;
const clusterName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const cellName = /^([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9]*)$/;

/** `cellplane kubeconfig --cluster NAME | --cell NS/CELL`. */
export function createKubeconfigCommand(): Command {
  return createCommand(
    "kubeconfig",
    "Write a kubeconfig of a member, reached through the control plane",
  )
    .option("--cluster <name>", "a joined cluster")
    .option("--cell <namespace/cell>", "a cell: its namespace there, and nothing else")
    .option(
      "--out <file>",
      "where it is written, - for the standard output (default: ~/.kube/cellplane/CONTEXT-NAME.kubeconfig)",
    )
    .addHelpText(
      "after",
      `
It prints the path of the file, which holds the credentials of the chosen context of the
control plane and is for nobody else to read. What is asked with it is asked as that user:
the control plane must let the user "clusters/proxy" that cluster, or "cells/proxy" that
cell, and the member what is asked for. Let the member take users from the control plane: cellplane join --allow-proxy.

Examples:
  kubectl --kubeconfig $(cellplane kubeconfig --cluster hz-a) get nodes
  kubectl --kubeconfig $(cellplane kubeconfig --cell bank-prod/rz00a) logs -f deploy/txnflow
  cellplane kubeconfig --cluster hz-a --out hz-a.kubeconfig`,
    )
    .action(runKubeconfig);
}

async function runKubeconfig(options: KubeconfigOptions): Promise<void> {
  const entries = readKubeconfigEntries({
    ...(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  const member = await findMember(options);
  const kubeconfig = renderMemberKubeconfig(entries, member);
  if (options.out === "-") {
    process.stdout.write(kubeconfig);
    return;
  }
  const file = options.out ?? defaultFile(entries.context, member.name);
  write(file, kubeconfig);
  process.stdout.write(`${file}\n`);
}

async function findMember(options: KubeconfigOptions): Promise<ProxiedMember> {
  const { cluster, cell } = options;
  if ((cluster === undefined) === (cell === undefined)) {
    throw new CliError("Cannot write a kubeconfig as either --cluster or --cell must be given");
  }
  if (cluster !== undefined) {
    if (clusterName.test(cluster)) return findCluster(cluster, options);
    throw new CliError(
      `Cannot write a kubeconfig as --cluster must be a cluster's name: it is "${cluster}"`,
    );
  }
  return findCell(cell ?? "", options);
}

/** Looks for it where the user may; who may not read clusters may still be let in to one. */
async function findCluster(name: string, options: KubeconfigOptions): Promise<ProxiedMember> {
  await using controlPlane = await connectControlPlane(options);
  try {
    await controlPlane.get(kubeFedClusters, name);
  } catch (error) {
    if (isStatus(error, "NotFound")) {
      throw new CliError(`Cannot write a kubeconfig as no cluster "${name}" is joined`, {
        cause: error,
      });
    }
    if (!(error instanceof StatusError) && !(error instanceof ConnectionError)) throw error;
  }
  return { name };
}

async function findCell(called: string, options: KubeconfigOptions): Promise<ProxiedMember> {
  const [, namespace = "", cell = ""] = cellName.exec(called) ?? [];
  if (cell === "") {
    throw new CliError(
      `Cannot write a kubeconfig as --cell must be NAMESPACE/CELL: it is "${called}"`,
    );
  }
  await using controlPlane = await connectControlPlane(options);
  const found = (await controlPlane.get({ ...cells, namespace }, cell)) as Cell;
  return { name: memberNameOfCell(namespace, cell), namespace: targetNamespaceOf(found) };
}

function defaultFile(context: string, name: string): string {
  const safe = context.replaceAll(/[^-.\w]/g, "_");
  const home = process.env["HOME"] ?? homedir();
  return join(home, ".kube", "cellplane", `${safe}-${name}.kubeconfig`);
}

/** At once, for kubectl may be reading the one that was there. */
function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new CliError(`Cannot write the kubeconfig "${file}": ${why}`, { cause: error });
  }
}
