import type { Command } from "commander";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { findNaming, warnNaming } from "../membership/leave-workloads.ts";
import {
  leftoversOf,
  planUnjoin,
  type UnjoinContext,
  type UnjoinRequest,
} from "../membership/unjoin-cluster.ts";
import { runSteps } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { createCommand } from "./common-options.ts";

interface UnjoinOptions extends ControlPlaneOptions {
  readonly memberKubeconfig?: string;
  readonly memberContext?: string;
  readonly keepMemberAccount?: boolean;
  readonly removeWorkloads?: boolean;
  readonly releaseWorkloads?: boolean;
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
    .option(
      "--release-workloads",
      "let go of them: they stay, without the label and the annotations of the control plane",
    )
    .option("--abandon", "go on although federated objects still stand there")
    .addHelpText(
      "after",
      `
Workloads stay in the member and keep running, unless --remove-workloads is given. Without
--release-workloads they keep their marks, so that joining again finds them in step; another
control plane would leave them alone as this one's.

Without --member-kubeconfig a cluster that was joined with --tunnel --allow-proxy is cleaned up through its
agent, as you. Otherwise what join made in the member stays there, and the commands that remove it are
printed. A cluster that was joined with --no-member-access needs no --keep-member-account for that.

Examples:
  cellplane unjoin hz-a --member-kubeconfig ~/.kube/hz-a
  cellplane unjoin hz-a --keep-member-account          # the member is gone for good`,
    )
    .action(async (name: string, options: UnjoinOptions) => runUnjoin(name, options));
}

async function runUnjoin(name: string, options: UnjoinOptions): Promise<void> {
  const { memberKubeconfig, memberContext } = options;
  const workloads = workloadsOf(options);
  if (memberKubeconfig === undefined && workloads !== "leave") {
    throw new CliError(`Cannot ${workloads} workloads without --member-kubeconfig`);
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
  const context: UnjoinContext = {};
  let leftovers = "";
  try {
    const request = {
      name,
      controlPlane,
      member,
      workloads,
      abandon: options.abandon === true,
      leavesMember: options.keepMemberAccount === true,
    };
    await runSteps(planUnjoin(request), context);
    leftovers = leftoversOf(request, context);
  } finally {
    await member?.[Symbol.asyncDispose]();
  }
  process.stdout.write(`Cluster "${name}" is no longer joined; ${outcomes[workloads]}\n`);
  process.stderr.write(leftovers);
  const naming = await findNaming(controlPlane, name);
  if (naming.length > 0) process.stderr.write(warnNaming(name, naming));
}

const outcomes = {
  leave: "its workloads were left running",
  release: "its workloads were let go of, and run on",
  remove: "its workloads were removed",
} as const;

function workloadsOf({
  removeWorkloads,
  releaseWorkloads,
}: UnjoinOptions): UnjoinRequest["workloads"] {
  if (removeWorkloads === true && releaseWorkloads === true) {
    throw new CliError("Cannot both remove workloads and let go of them");
  }
  if (removeWorkloads === true) return "remove";
  return releaseWorkloads === true ? "release" : "leave";
}
