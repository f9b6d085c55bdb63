import {
  pluralOfKind,
  type RevisionHistory,
  type RevisionHistoryEntry,
} from "@cellplane/federation";
import type { Command } from "commander";
import { formatAge } from "../output/format-age.ts";
import { printValue } from "../output/print-value.ts";
import { renderTable } from "../output/table.ts";
import { readHistory } from "../release/inspect-client.ts";
import { headingOf } from "../release/topology-words.ts";
import {
  createFederatedCommand,
  type FederatedOptions,
  parseStructuredFormat,
  withFederated,
} from "./federated-command.ts";

interface HistoryOptions extends FederatedOptions {
  readonly cell?: string;
  readonly output?: "json" | "yaml";
}

/** `cellplane history KIND/NAME`. */
export function createHistoryCommand(): Command {
  return createFederatedCommand("history", "List the kept revisions, and who stands on each")
    .option("--cell <name>", "also tell which revisions change this topology")
    .option("-o, --output <format>", "print it as json, yaml", parseStructuredFormat)
    .addHelpText(
      "after",
      `
A revision is a snapshot of template and overrides; a change of both that renders to the
same for a cell is no change there.

Examples:
  cellplane history deployment/txnflow -n bank-prod
  cellplane history deployment/txnflow -n bank-prod --cell rz00a`,
    )
    .action(async (called: string, options: HistoryOptions) => {
      const { cell, output } = options;
      await withFederated(called, options, async (controlPlane, target) => {
        const query = cell === undefined ? {} : { topology: cell };
        const history = await readHistory(controlPlane, target, query);
        process.stdout.write(
          output === undefined ? tabulate(history, Date.now()) : printValue(history, output),
        );
      });
    });
}

function tabulate(history: RevisionHistory, nowMs: number): string {
  const { topology, revisions, topologyType } = history;
  const standing = headingOf(pluralOfKind(topologyType));
  const header = ["REVISION", "CREATED", "AGE", "HASH", standing];
  const changes = topology === null ? [] : [`CHANGES ${topology}`];
  const rows = revisions.map((entry) => [
    nameOf(entry, history),
    entry.created ?? "",
    formatAge(entry.created ?? undefined, nowMs),
    entry.hash.slice(0, 12),
    entry.topologies.length === 0 ? "-" : entry.topologies.join(","),
    ...(topology === null ? [] : [changesOf(entry)]),
  ]);
  return renderTable([...header, ...changes], rows);
}

function changesOf({ changes }: RevisionHistoryEntry): string {
  if (changes === null) return "(oldest kept)";
  return changes ? "yes" : "no";
}

function nameOf(
  { revision }: RevisionHistoryEntry,
  { currentRevision, desiredRevision }: RevisionHistory,
): string {
  const marks = [
    revision === currentRevision ? "newest" : "",
    revision === desiredRevision ? "desired" : "",
  ].filter((mark) => mark !== "");
  return marks.length === 0 ? `${revision}` : `${revision} (${marks.join(", ")})`;
}
