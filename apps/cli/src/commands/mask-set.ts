import type { HeldPolicy } from "@cellplane/federation";
import { type Command, Option } from "commander";
import { CliError } from "../program/cli-error.ts";
import { maskPatch, type MaskSelection } from "../release/mask-patch.ts";
import { parseSelector } from "../release/parse-selector.ts";
import { patchObject } from "../release/patch-object.ts";
import {
  namesIn,
  parseNames,
  type TopologyOptions,
  topologyTypeIn,
} from "../release/topology-words.ts";
import { waitForObserved } from "../release/wait-for-observed.ts";
import { timeoutOption } from "./common-options.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  withFederated,
} from "./federated-command.ts";

interface MaskSetOptions extends FederatedOptions, TopologyOptions {
  readonly selector?: string;
  readonly policy?: HeldPolicy;
  readonly holdAll?: boolean;
  readonly wait: boolean;
  readonly timeout: number;
}

/** `cellplane mask set KIND/NAME`. */
export function createMaskSetCommand(): Command {
  return createFederatedCommand("set", "Let only these topologies change, and hold all others")
    .option("--cells <names>", "cells that may change: rz00a,rz01a", parseNames)
    .option("--clusters <names>", "… clusters, for objects spread by cluster", parseNames)
    .option("--topologies <names>", "… topologies of any other type", parseNames)
    .option("-l, --selector <selector>", "… or all whose labels match: unit=rz00,zone!=hz-2")
    .option("--hold-all", "hold every topology")
    .addOption(
      new Option(
        "--policy <policy>",
        "what held topologies get (default: as it is set, or Freeze)",
      ).choices(["Freeze", "Pin"]),
    )
    .option("--no-wait", "do not wait until the mask is in effect")
    .addOption(timeoutOption("how long to wait for that"))
    .addHelpText(
      "after",
      `
Replaces the mask in one write and waits until the controllers have observed it: from then
on no write outside the mask starts or is under way. A name that is not in placement is
accepted with a warning. Freeze: not one write to held topologies. Pin: changes made there
by hand are undone, and nothing else is written.

Examples:
  cellplane mask set deployment/txnflow -n bank-prod --cells rz00a
  cellplane mask set deployment/txnflow -n bank-prod --selector unit=rz00 --policy Pin
  cellplane mask set fdeploy/txnflow -n bank-prod --hold-all
  cellplane mask set configmap/settings -n web --clusters hz-a,hz-b`,
    )
    .action(runMaskSet);
}

async function runMaskSet(called: string, options: MaskSetOptions): Promise<void> {
  await withFederated(called, options, async (controlPlane, target) => {
    const object = await controlPlane.get(target.path, target.name);
    const selection = selectionOf(options, topologyTypeIn(object));
    const patch = maskPatch(object, selection, options.policy);
    const written = await patchObject(controlPlane, target, patch);
    const { generation = 0 } = written.metadata;
    if (options.wait) {
      await waitForObserved(controlPlane, target, { written, timeoutMs: options.timeout });
    }
    const effect = options.wait ? "in effect" : "written, not yet waited for";
    process.stdout.write(
      `${target.shown} mask set: ${describe(selection)}; ${effect} at generation ${generation}\n`,
    );
  });
}

function selectionOf(options: MaskSetOptions, topologyType: string): MaskSelection {
  const names = namesIn(options, topologyType);
  const { selector, holdAll } = options;
  const given = [names, selector, holdAll].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw new CliError(
      "Cannot set the mask as it must be told by one of --cells, --clusters, --topologies, --selector and --hold-all",
    );
  }
  if (selector !== undefined) return { topologySelector: parseSelector(selector) };
  if (names?.length === 0) {
    throw new CliError("Cannot set the mask as no name was given; to hold all, say --hold-all");
  }
  return { topologies: (names ?? []).map((name) => ({ name })) };
}

function describe({ topologies, topologySelector }: MaskSelection): string {
  if (topologySelector !== undefined) return "only what matches the selector may change";
  if (topologies === undefined || topologies.length === 0) return "every topology is held";
  return `only ${topologies.map(({ name }) => name).join(", ")} may change`;
}
