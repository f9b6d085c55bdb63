import type { LedgerEntry } from "../plan/ledger.ts";
import type { LastWrite } from "./placement-explanation.ts";

/** The last write: of the log where it remembers one, else what the ledger tells; `null` if neither. */
export function lastWriteOf(
  remembered: LastWrite | undefined,
  entry: LedgerEntry | undefined,
): LastWrite | null {
  if (remembered !== undefined) return remembered;
  if (entry?.appliedAt === undefined) return null;
  return { time: entry.appliedAt, operation: "apply", result: "Succeeded", message: "" };
}

const done = { create: "created", update: "updated", delete: "deleted", release: "let go of" };

/** The last write in a sentence. */
export function writeSentence(write: LastWrite | null): string {
  if (write === null) return "No write to it is remembered";
  const { time, operation, result, message } = write;
  const why = message === "" ? "" : `: ${message}`;
  const what = operation === "apply" ? "written" : done[operation];
  if (result === "Succeeded") return `It was last ${what} at ${time}${why}`;
  const verb = operation === "apply" ? "write" : operation;
  const how = result === "TimedOut" ? "timed out" : "failed";
  return `The last ${verb}, at ${time}, ${how}${why}`;
}
