import { Command } from "commander";
import { createMaskClearCommand } from "./mask-clear.ts";
import { createMaskSetCommand } from "./mask-set.ts";
import { createMaskShowCommand } from "./mask-show.ts";

/** `cellplane mask set|clear|show`. */
export function createMaskCommand(): Command {
  return new Command("mask")
    .description("Say which topologies of a federated object may change now")
    .addCommand(createMaskSetCommand().exitOverride())
    .addCommand(createMaskClearCommand().exitOverride())
    .addCommand(createMaskShowCommand().exitOverride())
    .addHelpText(
      "after",
      `
The mask (spec.placementMask) is the list of topologies that the control plane may write to;
every other one is held as it is. Without a mask all may change.

Examples:
  cellplane mask set deployment/txnflow -n bank-prod --cells rz00a
  cellplane mask show deployment/txnflow -n bank-prod
  cellplane mask clear deployment/txnflow -n bank-prod`,
    );
}
