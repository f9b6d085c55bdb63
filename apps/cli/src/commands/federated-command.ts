import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import type { RestClient } from "@cellplane/client";
import type { Command } from "commander";
import { CliError } from "../program/cli-error.ts";
import type { ControlPlaneOptions } from "../program/control-plane-client.ts";
import { type FederatedTarget, findFederated } from "../release/find-federated.ts";
import { createCommand } from "./common-options.ts";

/** The options of every command about one federated object. */
export interface FederatedOptions extends ControlPlaneOptions {
  readonly namespace?: string;
}

/** A command about one federated object, given as KIND/NAME. */
export function createFederatedCommand(name: string, summary: string): Command {
  return createCommand(name, summary)
    .argument(
      "<kind/name>",
      "the object by its kind, its target's, a plural or a short name: deployment/web, fdeploy/web",
    )
    .option("-n, --namespace <namespace>", "its namespace (default: that of the context)");
}

/** Connects to the control plane, finds the object, and closes the connection afterwards. */
export async function withFederated<T>(
  called: string,
  options: FederatedOptions,
  run: (controlPlane: RestClient, target: FederatedTarget) => Promise<T>,
): Promise<T> {
  const { connection, namespace } = await loadKubeconfig({
    ...(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  await using controlPlane = connectRestClient(connection, { userAgent: "cellplane" });
  const target = await findFederated(controlPlane, called, options.namespace ?? namespace);
  // Awaited here: the connection is closed when this returns.
  return await run(controlPlane, target);
}

/** Checks `-o json|yaml`. */
export function parseStructuredFormat(text: string): "json" | "yaml" {
  if (text === "json" || text === "yaml") return text;
  throw new CliError(`Cannot print as -o must be json or yaml: it is "${text}"`);
}

/** Checks a revision's number. */
export function parseRevisionNumber(text: string): number {
  const revision = Number(text);
  if (Number.isSafeInteger(revision) && revision > 0) return revision;
  throw new CliError(`Cannot read the revision as it must be a positive number: it is "${text}"`);
}
