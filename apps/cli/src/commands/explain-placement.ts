import type { PlacementExplanation, TopologyExplanation } from "@cellplane/federation";
import type { Command } from "commander";
import { printValue } from "../output/print-value.ts";
import { readExplanation } from "../release/inspect-client.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  parseStructuredFormat,
  withFederated,
} from "./federated-command.ts";
import { maskSentence } from "./mask-show.ts";

interface ExplainOptions extends FederatedOptions {
  readonly cell?: string;
  readonly output?: "json" | "yaml";
}

/** `cellplane explain-placement KIND/NAME`. */
export function createExplainPlacementCommand(): Command {
  return createFederatedCommand(
    "explain-placement",
    "Tell why each topology has what it has, and what it waits for",
  )
    .option("--cell <name>", "only this topology: a cell, or a cluster or whatever the type is")
    .option("-o, --output <format>", "print it as json, yaml", parseStructuredFormat)
    .addHelpText(
      "after",
      `
For each topology, in a sentence each: whether it is placed and by which rule, whether the
mask lets it change, its revision, the overrides it gets, the last write, and what it waits
for. It is the controllers' own decision that is told, not a guess.

Examples:
  cellplane explain-placement deployment/txnflow -n bank-prod
  cellplane explain-placement deployment/txnflow -n bank-prod --cell rz01a
  cellplane explain-placement fdeploy/txnflow -n bank-prod -o json`,
    )
    .action(async (called: string, options: ExplainOptions) => {
      const { cell, output } = options;
      await withFederated(called, options, async (controlPlane, target) => {
        const query = cell === undefined ? {} : { topology: cell };
        const explanation = await readExplanation(controlPlane, target, query);
        process.stdout.write(
          output === undefined ? tell(explanation, called) : printValue(explanation, output),
        );
      });
    });
}

function tell(explanation: PlacementExplanation, called: string): string {
  const { metadata, objectKind, currentRevision, desiredRevision } = explanation;
  const home = metadata.namespace === undefined ? "" : `${metadata.namespace}/`;
  const wanted =
    desiredRevision === currentRevision
      ? `revision ${desiredRevision}`
      : `revision ${desiredRevision}, rolled back from ${currentRevision}`;
  const { reason, message, warnings, deleting } = explanation;
  const lines = [
    `${objectKind} ${home}${metadata.name}, spread by ${explanation.topologyType}: ${wanted}`,
    ...(deleting
      ? ["It is being deleted, everywhere and whatever the mask"]
      : [maskSentence(explanation)]),
    ...(reason === ""
      ? []
      : [`Problem: ${[reason, message].filter((part) => part !== "").join(": ")}`]),
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...explanation.topologies.flatMap((each) => ["", ...tellTopology(each, called)]),
  ];
  return `${lines.join("\n")}\n`;
}

function tellTopology(
  { topology, cluster, sentences }: TopologyExplanation,
  called: string,
): readonly string[] {
  const where = cluster === "" || cluster === topology ? topology : `${topology} on ${cluster}`;
  return [where, ...sentences.map((sentence) => `  ${sentence.replace("KIND/NAME", called)}`)];
}
