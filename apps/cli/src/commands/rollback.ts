import type { Command } from "commander";
import { CliError } from "../program/cli-error.ts";
import { planRollback, planUndo } from "../release/plan-rollback.ts";
import { patchObject } from "../release/patch-object.ts";
import { parseNames } from "../release/topology-words.ts";
import { waitForObserved } from "../release/wait-for-observed.ts";
import { timeoutOption } from "./common-options.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  parseRevisionNumber,
  withFederated,
} from "./federated-command.ts";

interface RollbackOptions extends FederatedOptions {
  readonly cell?: readonly string[];
  readonly to?: number;
  readonly undo?: boolean;
  readonly wait: boolean;
  readonly timeout: number;
}

/** `cellplane rollback KIND/NAME`. */
export function createRollbackCommand(): Command {
  return createFederatedCommand(
    "rollback",
    "Bring cells back to an earlier revision, and only these",
  )
    .option("--cell <names>", "the cells (clusters, …) to bring back: rz00a", parseNames)
    .option(
      "--to <revision>",
      "a kept revision (default: the one before that changes the cell)",
      parseRevisionNumber,
    )
    .option("--undo", "end the rollback: back to the newest revision, the cells stay held")
    .option("--no-wait", "do not wait until the controllers have seen it")
    .addOption(timeoutOption("how long to wait for that"))
    .addHelpText(
      "after",
      `
One write sets the mask to the cells and spec.revision to the earlier revision: every other
topology is held as it is, for as long as the rollback lasts. --undo ends it by one write,
too: no revision, and the mask names all others, so the cells that were rolled back stay
where they are until a mask names them, or is cleared.

Examples:
  cellplane history deployment/txnflow -n bank-prod --cell rz00a
  cellplane rollback deployment/txnflow -n bank-prod --cell rz00a
  cellplane rollback deployment/txnflow -n bank-prod --cell rz00a --to 6
  cellplane rollback deployment/txnflow -n bank-prod --undo`,
    )
    .action(runRollback);
}

async function runRollback(called: string, options: RollbackOptions): Promise<void> {
  const { cell = [], undo, to } = options;
  if ((undo === true) === cell.length > 0) {
    throw new CliError("Cannot roll back as either --cell or --undo must be given");
  }
  if (undo === true && to !== undefined) {
    throw new CliError("Cannot end a rollback --to a revision: it ends at the newest one");
  }
  await withFederated(called, options, async (controlPlane, target) => {
    const plan =
      undo === true
        ? await planUndo(controlPlane, target)
        : await planRollback(
            controlPlane,
            target,
            to === undefined ? { names: cell } : { names: cell, to },
          );
    for (const note of plan.notes) process.stderr.write(`${note}\n`);
    const written = await patchObject(controlPlane, target, plan.patch);
    if (options.wait) {
      await waitForObserved(controlPlane, target, { written, timeoutMs: options.timeout });
    }
    process.stdout.write(`${target.shown} ${plan.done}\n`);
  });
}
