import { setTimeout as sleep } from "node:timers/promises";
import { isStatus } from "@cellplane/apimachinery";
import { annotations } from "@cellplane/federation";
import type { Command } from "commander";
import { kubeFedClusters } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import { connectControlPlane, type ControlPlaneOptions } from "../program/control-plane-client.ts";
import { createCommand } from "./common-options.ts";

/** `cellplane tunnel revoke NAME`. */
export function createTunnelRevokeCommand(): Command {
  return createCommand("revoke", "Drop a cluster's agents, and refuse their certificates")
    .argument("<name>", "name of the joined cluster")
    .addHelpText(
      "after",
      `
Every certificate that was issued for agents of the cluster until now is refused from now on, and
what goes through them ends at once. "cellplane join NAME --tunnel" certifies a new one.`,
    )
    .action(async (name: string, options: ControlPlaneOptions) => {
      await using controlPlane = await connectControlPlane(options);
      const now = new Date();
      // Certificates are dated in seconds: the next one must not be of this one.
      const revoked = new Date(now.getTime() - now.getMilliseconds()).toISOString();
      const body = { metadata: { annotations: { [annotations.agentsRevoked]: revoked } } };
      try {
        await controlPlane.patch(kubeFedClusters, name, { type: "merge", body });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
        throw new CliError(`Cannot revoke the agents of "${name}" as no such cluster is joined`, {
          cause: error,
        });
      }
      await sleep(1000 - now.getMilliseconds());
      process.stdout.write(`Agents of cluster "${name}" are refused from now on\n`);
    });
}
