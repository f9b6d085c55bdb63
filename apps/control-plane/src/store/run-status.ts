import type { StoreDescription } from "@cellplane/kv";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import { formatBytes } from "./progress-line.ts";
import { describeTarget, findTarget, type TargetOptions } from "./store-target.ts";

/** What `store status` is told. */
export interface StatusOptions extends TargetOptions {
  readonly output?: SummaryFormat;
}

/** `cellplane store status`. */
export async function runStatus(options: StatusOptions): Promise<void> {
  const target = findTarget(options);
  const status = await describeTarget(target);
  const rows = [...columns, ...(options.output === "wide" ? wideColumns : [])].map(
    ([name, valueOf]) => [name, valueOf(status) ?? "-"] as const,
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  printSummary(options.output, {
    data: { store: target.name, ...status },
    text: [["STORE", target.name] as const, ...rows]
      .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
      .join("\n"),
  });
}

type Column = readonly [string, (status: StoreDescription) => string | undefined];

const columns: readonly Column[] = [
  ["DRIVER", ({ driver }) => driver],
  ["REVISION", ({ revision }) => String(revision)],
  ["COMPACTED", ({ compacted }) => String(compacted)],
  ["KEYS", ({ keys }) => String(keys)],
  ["LEASES", ({ leases }) => text(leases)],
  ["SIZE", ({ sizeBytes }) => formatBytes(sizeBytes)],
  ["IN USE", ({ inUseBytes }) => (inUseBytes === undefined ? undefined : formatBytes(inUseBytes))],
  ["QUOTA", ({ quotaBytes }) => (quotaBytes === undefined ? "none" : formatBytes(quotaBytes))],
];

const wideColumns: readonly Column[] = [
  ["EPOCH", ({ epoch }) => text(epoch)],
  ["WRITERS", ({ writers }) => text(writers)],
  ["CLUSTER", ({ clusterId }) => clusterId],
  ["SCHEMA", ({ schema }) => text(schema)],
  ["SERVER", ({ serverVersion }) => serverVersion],
  ["REMOVING", ({ removing }) => (removing === undefined ? undefined : removing ? "yes" : "no")],
];

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
