import {
  contentHashOf,
  type Ledger,
  type LedgerEntry,
  memberVersionOf,
  type SyncContext,
  type TopologyDecision,
} from "@cellplane/federation";
import type { WriteResult } from "./dispatch.ts";

/** A decision and what became of its write. */
export interface DecisionResult {
  readonly decision: TopologyDecision;
  readonly result: WriteResult;
}

/** The ledger after the writes: what is written is entered, what is gone is dropped. */
export function computeNextLedger(
  ledger: Ledger,
  results: readonly DecisionResult[],
  context: SyncContext,
  nowIso: string,
): Ledger {
  const entries = new Map(ledger.entries);
  for (const { decision, result } of results) {
    const { member, ledger: change, brings } = decision;
    if (result.kind === "removed") entries.delete(member);
    else if (result.kind === "written" && brings) {
      const entry: LedgerEntry = {
        version: memberVersionOf(result.object),
        revision: brings.revision,
        hash: brings.hash,
        contentHash: contentHashOf(result.object, context),
        ...(brings.adopted ? { adopted: true } : {}),
        appliedAt: nowIso,
      };
      entries.set(member, entry);
    } else if (result.kind === "none") {
      if (change.kind === "set") entries.set(member, change.entry);
      if (change.kind === "drop") entries.delete(member);
    }
  }
  return { ...ledger, entries };
}
