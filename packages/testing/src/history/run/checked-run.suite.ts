import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkHistory, type Verdict } from "../check/check-history.ts";
import type { FaultKind } from "../faults/inject-faults.ts";
import type { PlantedBug } from "../planted/planted-bug.ts";
import { readHistory } from "../record/read-history.ts";
import { formatFigures, formatViolations } from "../report/format-verdict.ts";
import { runHistory } from "./run-history.ts";

/** What a run of a test came to. */
export interface CheckedRun {
  readonly verdict: Verdict;
  readonly faults: ReadonlyMap<string, number>;
  /** The seed, the figures, and the violations with their accounts. */
  readonly account: string;
}

/** Runs clients with a seed of its own, and checks what they recorded. */
export async function checkedRun(options: {
  readonly store: string;
  readonly seconds?: number;
  readonly operations?: number;
  readonly processes?: number;
  readonly clients?: number;
  readonly faults: readonly FaultKind[];
  readonly bug?: PlantedBug;
}): Promise<CheckedRun> {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-history-"));
  const seed = Date.now() % 1_000_000;
  const { seconds = 60, operations = Number.POSITIVE_INFINITY, processes = 3 } = options;
  const { clients = 24 } = options;
  try {
    const all = { ...options, seconds, operations, processes, clients, seed, folder };
    const run = await runHistory({ ...all, faultEveryMs: 500 });
    const { files, faults } = run;
    const history = await readHistory(files);
    const verdict = checkHistory(history);
    const happened = Array.from(faults, ([kind, count]) => `${kind} ${count}`).join(", ");
    const title = `${options.store}, seed ${seed}, faults: ${happened || "none"}`;
    const account = [
      title,
      formatFigures(history, verdict),
      formatViolations(history, verdict),
    ].join("\n");
    return { verdict, faults, account };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
