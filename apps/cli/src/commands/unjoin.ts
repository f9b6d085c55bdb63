import type { Command } from "commander";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { planUnjoin, type UnjoinContext } from "../membership/unjoin-cluster.ts";
import { runSteps } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { createCommand } from "./common-options.ts";

interface UnjoinOptions extends ControlPlaneOptions {
  readonly memberKubeconfig?: string;
  readonly memberContext?: string;
  readonly keepMemberAccount?: boolean;
  readonly removeWorkloads?: boolean;
  readonly abandon?: boolean;
}

/** `cellplane unjoin NAME`. */
export function createUnjoinCommand(): Command {
  return createCommand("unjoin", "Take a member cluster out of the control plane")
    .argument("<name>", "name of the joined cluster")
    .option(
      "--member-kubeconfig <file>",
      "kubeconfig of the member, to remove what join made there",
    )
    .option("--member-context <name>", "context of that file (default: the current one)")
    .option(
      "--keep-member-account",
      "leave the account in the member, e.g. as it cannot be reached",
    )
    .option("--remove-workloads", "also delete the objects that the control plane put there")
    .option("--abandon", "go on although federated objects still stand there")
    .addHelpText(
      "after",
      `
Workloads stay in the member and keep running, unless --remove-workloads is given.

Examples:
  cellplane unjoin hz-a --member-kubeconfig ~/.kube/hz-a
  cellplane unjoin hz-a --keep-member-account          # the member is gone for good`,
    )
    .action(async (name: string, options: UnjoinOptions) => runUnjoin(name, options));
}

async function runUnjoin(name: string, options: UnjoinOptions): Promise<void> {
  const { memberKubeconfig, memberContext } = options;
  if (memberKubeconfig === undefined && options.keepMemberAccount !== true) {
    throw new CliError(
      "Cannot unjoin as the member must be cleaned up, too: give --member-kubeconfig, or leave it with --keep-member-account",
    );
  }
  if (memberKubeconfig === undefined && options.removeWorkloads === true) {
    throw new CliError("Cannot remove workloads without --member-kubeconfig");
  }
  await using controlPlane = await connectControlPlane(options);
  const member =
    memberKubeconfig === undefined
      ? undefined
      : connectRestClient(
          (
            await loadKubeconfig({
              file: memberKubeconfig,
              ...(memberContext === undefined ? {} : { context: memberContext }),
            })
          ).connection,
          { userAgent: "cellplane" },
        );
  try {
    const context: UnjoinContext = {};
    const request = {
      name,
      controlPlane,
      member,
      removeWorkloads: options.removeWorkloads === true,
      abandon: options.abandon === true,
    };
    await runSteps(planUnjoin(request), context);
  } finally {
    await member?.[Symbol.asyncDispose]();
  }
  process.stdout.write(
    `Cluster "${name}" is no longer joined${options.removeWorkloads === true ? "" : "; its workloads were left running"}\n`,
  );
}
