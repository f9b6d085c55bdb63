import { formatSelector, type PlacementExplanation } from "@cellplane/federation";
import type { Command } from "commander";
import { printValue } from "../output/print-value.ts";
import { renderTable } from "../output/table.ts";
import { readExplanation } from "../release/inspect-client.ts";
import { headingOf } from "../release/topology-words.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  parseStructuredFormat,
  withFederated,
} from "./federated-command.ts";

interface MaskShowOptions extends FederatedOptions {
  readonly output?: "json" | "yaml";
}

/** `cellplane mask show KIND/NAME`. */
export function createMaskShowCommand(): Command {
  return createFederatedCommand("show", "Show the mask, and where each topology stands")
    .option("-o, --output <format>", "print the mask: json, yaml", parseStructuredFormat)
    .addHelpText("after", "\nExample:\n  cellplane mask show deployment/txnflow -n bank-prod")
    .action(async (called: string, options: MaskShowOptions) => {
      await withFederated(called, options, async (controlPlane, target) => {
        const explanation = await readExplanation(controlPlane, target);
        process.stdout.write(
          options.output === undefined
            ? describeMask(explanation)
            : printValue(explanation.mask, options.output),
        );
      });
    });
}

/** The mask in a sentence, then the topologies in a table. */
function describeMask(explanation: PlacementExplanation): string {
  const { topologyType, topologies } = explanation;
  const header = [headingOf(topologyType), "MAY CHANGE", "REVISION", "BEHIND", "DRIFTED", "STATUS"];
  const shown = topologies.filter(
    ({ placed, revision, status }) => placed.value || revision !== null || status !== "",
  );
  const rows = shown.map(({ topology, mask, revision, behind, drifted, status }) => [
    topology,
    mask.inMask ? "yes" : "no",
    revision === null ? "-" : `${revision}`,
    `${behind}`,
    drifted ? "yes" : "no",
    status,
  ]);
  return `${maskSentence(explanation)}\n${renderTable(header, rows)}`;
}

/** The mask in one sentence. */
export function maskSentence({
  mask,
  generation,
  observedGeneration,
}: PlacementExplanation): string {
  const effect = observedGeneration < generation ? " (not yet in effect)" : "";
  if (mask === null) return `Mask: none, every topology may change${effect}`;
  const { topologies, topologySelector, heldPolicy } = mask;
  const held = `held: ${heldPolicy}${effect}`;
  if (topologies !== undefined && topologies.length > 0) {
    return `Mask: only ${topologies.map(({ name }) => name).join(", ")} may change; ${held}`;
  }
  if (topologies === undefined && topologySelector !== undefined) {
    return `Mask: only what matches ${formatSelector(topologySelector)} may change; ${held}`;
  }
  return `Mask: every topology is ${held}`;
}
