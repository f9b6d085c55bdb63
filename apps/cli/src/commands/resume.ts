import { createInterface } from "node:readline/promises";
import { annotations, type MemberDiff, type TopologyExplanation } from "@cellplane/federation";
import type { Command } from "commander";
import { CliError } from "../program/cli-error.ts";
import { readDiff, readExplanation } from "../release/inspect-client.ts";
import { patchObject } from "../release/patch-object.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  withFederated,
} from "./federated-command.ts";

interface ResumeOptions extends FederatedOptions {
  readonly acceptOlder?: boolean;
  readonly yes?: boolean;
}

/** `cellplane resume KIND/NAME --accept-older`. */
export function createResumeCommand(): Command {
  return createFederatedCommand(
    "resume",
    "Let a control plane that was restored overwrite what members have of a later time",
  )
    .requiredOption("--accept-older", "consent to overwrite later objects by what is known here")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      `
A member whose object was written for a later generation than this control plane knows is
left alone (AheadOfControlPlane): so a control plane that was restored from a backup rolls
nothing back. This tells what would be overwritten, asks, and then allows it up to the
generations that were seen now. What the mask holds stays held.

Examples:
  cellplane resume deployment/txnflow -n bank-prod --accept-older
  cellplane resume deployment/txnflow -n bank-prod --accept-older --yes`,
    )
    .action(async (called: string, options: ResumeOptions) => {
      await withFederated(called, options, async (controlPlane, target) => {
        const explanation = await readExplanation(controlPlane, target);
        const ahead = explanation.topologies.filter(
          ({ status }) => status === "AheadOfControlPlane",
        );
        if (ahead.length === 0) {
          process.stdout.write(
            `${target.shown} is nowhere later than here: there is nothing to resume\n`,
          );
          return;
        }
        const { topologies } = await readDiff(controlPlane, target);
        for (const each of ahead) process.stderr.write(tell(each, topologies, explanation));
        await confirm(options);
        const highest = Math.max(...ahead.map(({ memberGeneration }) => memberGeneration ?? 0));
        const body = { metadata: { annotations: { [annotations.acceptOlder]: `${highest}` } } };
        await patchObject(controlPlane, target, body);
        process.stdout.write(
          `${target.shown} resumes: members up to generation ${highest} may be overwritten\n`,
        );
      });
    });
}

function tell(
  { topology, kubeFedCluster, memberGeneration, revision, mask }: TopologyExplanation,
  diffs: readonly MemberDiff[],
  here: { readonly generation: number; readonly desiredRevision: number },
): string {
  const diff = diffs.find((each) => each.kubeFedCluster === kubeFedCluster);
  const changes = (diff?.toChange ?? []).map(({ path, change }) => `    ${change} ${path}\n`);
  const { generation, desiredRevision } = here;
  const held = mask.inMask ? "is overwritten by" : "is held by the mask, else overwritten by";
  const what = `generation ${memberGeneration}, revision ${revision ?? "unknown"}, ${held} generation ${generation}, revision ${desiredRevision}`;
  const list = changes.length === 0 ? "    nothing differs\n" : changes.join("");
  return `${topology}: ${what}\n${list}`;
}

async function confirm({ yes }: ResumeOptions): Promise<void> {
  if (yes === true) return;
  if (!process.stdin.isTTY) {
    throw new CliError("Cannot ask as the standard input is no terminal: consent with --yes");
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question("Overwrite it? [y/N] ");
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("Nothing was changed");
}
