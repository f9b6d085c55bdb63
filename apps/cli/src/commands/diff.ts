import type { PlacementDiff } from "@cellplane/federation";
import type { Command } from "commander";
import { printValue } from "../output/print-value.ts";
import { readDiff } from "../release/inspect-client.ts";
import { hasDifferences, renderTopologyDiff } from "../release/render-diff.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  parseRevisionNumber,
  parseStructuredFormat,
  withFederated,
} from "./federated-command.ts";

interface DiffOptions extends FederatedOptions {
  readonly cell?: string;
  readonly revision?: number;
  readonly output?: "json" | "yaml";
}

/** `cellplane diff KIND/NAME`. Exit code 1: there are differences; more: it failed. */
export function createDiffCommand(): Command {
  return createFederatedCommand(
    "diff",
    "Compare what was written to members, what they have, and what they would get",
  )
    .option("--cell <name>", "only this topology: a cell, or a cluster or whatever the type is")
    .option(
      "--revision <number>",
      "compare with this kept revision (default: the desired one)",
      parseRevisionNumber,
    )
    .option("-o, --output <format>", "print it as json, yaml", parseStructuredFormat)
    .addHelpText(
      "after",
      `
Two comparisons for each topology: from what was last written to what is live (who changed
the member), and from what is live to what would be applied, were nothing held by the mask.
The member itself is asked what it would store, by a dry run; nothing is written. Values of
Secrets are shown as ***.

Exit code: 0 no differences, 1 differences, 2 or more an error.

Examples:
  cellplane diff deployment/txnflow -n bank-prod
  cellplane diff deployment/txnflow -n bank-prod --cell rz00a
  cellplane diff deployment/txnflow -n bank-prod --cell rz00a --revision 6`,
    )
    .action(async (called: string, options: DiffOptions) => {
      const { cell, revision, output } = options;
      await withFederated(called, options, async (controlPlane, target) => {
        const query = {
          ...(cell === undefined ? {} : { topology: cell }),
          ...(revision === undefined ? {} : { revision }),
        };
        const diff = await readDiff(controlPlane, target, query);
        process.stdout.write(output === undefined ? tell(diff) : printValue(diff, output));
        if (diff.topologies.some(hasDifferences)) process.exitCode = 1;
      });
    });
}

function tell({ topologies }: PlacementDiff): string {
  return topologies
    .map(renderTopologyDiff)
    .filter((text) => text !== "")
    .join("\n");
}
