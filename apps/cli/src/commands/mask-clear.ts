import { isJsonObject } from "@cellplane/apimachinery";
import type { Command } from "commander";
import { patchObject } from "../release/patch-object.ts";
import { waitForObserved } from "../release/wait-for-observed.ts";
import { timeoutOption } from "./common-options.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  withFederated,
} from "./federated-command.ts";

interface MaskClearOptions extends FederatedOptions {
  readonly wait: boolean;
  readonly timeout: number;
}

/** `cellplane mask clear KIND/NAME`. */
export function createMaskClearCommand(): Command {
  return createFederatedCommand("clear", "Remove the mask: every topology may change")
    .option("--no-wait", "do not wait until that is in effect")
    .addOption(timeoutOption("how long to wait for that"))
    .addHelpText(
      "after",
      `
Everything that was held is brought to the desired revision at once. While the object is
rolled back this is refused: end that first, with "cellplane rollback KIND/NAME --undo".

Example:
  cellplane mask clear deployment/txnflow -n bank-prod`,
    )
    .action(async (called: string, options: MaskClearOptions) => {
      await withFederated(called, options, async (controlPlane, target) => {
        const object = await controlPlane.get(target.path, target.name);
        if (!isJsonObject(object["spec"]) || object["spec"]["placementMask"] === undefined) {
          process.stdout.write(`${target.shown} has no mask: every topology may change\n`);
          return;
        }
        const patch = { spec: { placementMask: null } };
        const written = await patchObject(controlPlane, target, patch);
        const { generation = 0 } = written.metadata;
        if (options.wait) {
          await waitForObserved(controlPlane, target, { written, timeoutMs: options.timeout });
        }
        process.stdout.write(
          `${target.shown} mask cleared: every topology may change; generation ${generation}\n`,
        );
      });
    });
}
