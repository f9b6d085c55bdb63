import type { RestoreOutcome } from "@cellplane/kv";
import { openBackupFile } from "./backup-file.ts";
import { openRestoreFile } from "./restore-file.ts";
import { printSummary, type SummaryFormat } from "./print-summary.ts";
import { ProgressLine, progressText } from "./progress-line.ts";
import { restoreInto } from "./restore-into.ts";
import { acknowledgedIn, findTarget, type TargetOptions } from "./store-target.ts";

/** What `store restore` is told. */
export interface RestoreCommandOptions extends TargetOptions {
  readonly force?: boolean;
  readonly output?: SummaryFormat;
}

/** `cellplane store restore FILE`. */
export async function runRestore(file: string, options: RestoreCommandOptions): Promise<void> {
  const target = findTarget(options);
  await using backup = await openBackupFile(file);
  using line = new ProgressLine();
  await using source = await openRestoreFile(backup, (keys, of) =>
    line.tell(() => progressText("Checking the backup", { keys, of })),
  );
  const outcome = await restoreInto(target, {
    ...source,
    whenNotEmpty: options.force ? "replace" : "refuse",
    acknowledged: acknowledgedIn(options),
    onProgress: (keys) => line.tell(() => progressText("Restoring", { keys, of: source.keys })),
  });
  line[Symbol.dispose]();
  printSummary(options.output, {
    data: { target: target.name, ...outcome },
    text: outcomeText(target.name, outcome, source.revision),
  });
}

function outcomeText(name: string, outcome: RestoreOutcome, backupRevision: number): string {
  const { keys, leases, revision, replaced } = outcome;
  const instead = replaced === 0 ? "" : ` in the place of ${replaced} keys`;
  const goesOn =
    revision === backupRevision
      ? "all revisions are as they were, and it goes on from there"
      : `it goes on from revision ${revision}, and every client lists anew`;
  return `Restored ${keys} keys and ${leases} leases of revision ${backupRevision} into ${name}${instead}; ${goesOn}`;
}
