import { setTimeout as pause } from "node:timers/promises";
import { ServerError } from "../options/server-error.ts";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import { ProgressLine } from "./progress-line.ts";
import { describeTarget, findTarget, openTarget, type TargetOptions } from "./store-target.ts";

/** What `store compact` is told. */
export interface CompactOptions extends TargetOptions {
  readonly revision?: string;
  readonly keep?: string;
  readonly physical?: boolean;
  readonly output?: SummaryFormat;
}

/** How often it is looked whether rows are left, in milliseconds. */
const lookEveryMs = 250;

/** `cellplane store compact`. */
export async function runCompact(options: CompactOptions): Promise<void> {
  const { revision, keep } = options;
  if (revision !== undefined && keep !== undefined) {
    throw new ServerError("Cannot compact as --revision and --keep exclude each other");
  }
  const target = findTarget(options);
  await using store = await openTarget(target);
  using line = new ProgressLine();
  const to = revision === undefined ? await store.headRevision() : parseRevision(revision);
  // What was the head so long ago is known only to whoever has looked then.
  if (keep !== undefined) {
    const untilMs = performance.now() + parseDuration(keep);
    for (let left = untilMs - performance.now(); left > 0; left = untilMs - performance.now()) {
      const seconds = Math.ceil(left / 1000);
      line.tell(() => `Waiting ${seconds}s until revision ${to} is old enough`);
      await pause(Math.min(left, 1000));
    }
  }
  await store.compact(to);
  if (options.physical) {
    while ((await describeTarget(target)).removing === true) {
      line.tell(() => "Removing rows");
      await pause(lookEveryMs);
    }
  }
  line[Symbol.dispose]();
  printSummary(options.output, {
    data: { store: target.name, compacted: to },
    text: `History of ${target.name} is kept from revision ${to} on${options.physical ? ", and the rows before are removed" : ""}`,
  });
}

function parseRevision(text: string): number {
  const revision = Number(text);
  if (Number.isSafeInteger(revision) && revision > 0) return revision;
  throw new ServerError(`Cannot compact as --revision must be a positive number: it is "${text}"`);
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `5m` or `1h`, in milliseconds. */
export function parseDuration(text: string): number {
  const { amount, unit = "" } = /^(?<amount>\d+)(?<unit>[smh])$/.exec(text)?.groups ?? {};
  const ms = Number(amount) * (unitMs[unit] ?? Number.NaN);
  if (ms >= 0) return ms;
  throw new ServerError(`Cannot wait as a duration must be like 30s, 5m or 1h: it is "${text}"`);
}
