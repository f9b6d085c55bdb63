import type { JsonValue, KubernetesObject } from "@cellplane/apimachinery";
import type { TopologyStatusName } from "../api/topology-status.ts";
import type { TopologyReport } from "../status/topology-report.ts";
import { overridesHash, templateHash } from "../template/kubefed-hash.ts";
import { type Ledger, type LedgerEntry, memberVersionOf } from "./ledger.ts";
import { contentHashOf, createSyncContext, type SyncContext } from "./sync-context.ts";
import type { LedgerChange, SyncOperation, TopologyDecision } from "./sync-plan.ts";
import type { SyncView } from "./sync-view.ts";

/** What one operation came to. */
export type WriteOutcome =
  /** There was nothing to do. */
  | { readonly kind: "none" }
  /** Created or updated; the object as the member answered it. */
  | { readonly kind: "written"; readonly object: KubernetesObject }
  /** The deletion was accepted; the object goes once its finalizers have run. */
  | { readonly kind: "removing" }
  /** The object is gone, or let go. */
  | { readonly kind: "removed" }
  /** Dropped before it was sent, as the plan had been overtaken. */
  | { readonly kind: "stale" }
  /** `status` where the operation's own word for failure is not the right one. */
  | { readonly kind: "failed"; readonly message: string; readonly status?: TopologyStatusName }
  /** `retryAfterMs`: when its turn is, where the member gets only so many writes. */
  | {
      readonly kind: "timedOut";
      readonly message: string;
      readonly retryAfterMs?: number;
    };

/** A decision after its operation: what is reported and what the ledger becomes. */
export interface SettledDecision {
  readonly report: TopologyReport;
  readonly reported: boolean;
  readonly ledger: LedgerChange;
}

const failures: Readonly<
  Record<
    Exclude<SyncOperation["kind"], "none">,
    { readonly failed: TopologyStatusName; readonly timedOut: TopologyStatusName }
  >
> = {
  create: { failed: "CreationFailed", timedOut: "CreationTimedOut" },
  update: { failed: "UpdateFailed", timedOut: "UpdateTimedOut" },
  delete: { failed: "DeletionFailed", timedOut: "DeletionTimedOut" },
  release: { failed: "LabelRemovalFailed", timedOut: "LabelRemovalTimedOut" },
};

/** Settles decisions of one plan. `now` is RFC 3339. */
export function createSettler(
  view: SyncView,
  now: string,
): (
  decision: TopologyDecision,
  outcome: WriteOutcome,
  remoteStatus?: JsonValue,
) => SettledDecision {
  let known: SyncContext | undefined;
  // Only what was written has to be looked at with it.
  const context = (): SyncContext => (known ??= createSyncContext(view));
  return (decision, outcome, remoteStatus) => {
    const report = reportOf(decision, outcome, remoteStatus);
    // What is out of placement and gone is done with.
    const isDone = outcome.kind === "removed" && !decision.inPlacement;
    return {
      report,
      reported: !isDone && (decision.reported || report.status !== ""),
      ledger: ledgerChangeOf(decision, outcome, { context, now }),
    };
  };
}

/** The ledger after these changes; the same ledger where nothing changes. */
export function changeLedger(
  ledger: Ledger,
  changes: Iterable<{ readonly member: string; readonly change: LedgerChange }>,
  { object }: Pick<SyncView, "object">,
): Ledger {
  const entries = new Map(ledger.entries);
  let changed = false;
  for (const { member, change } of changes) {
    if (change.kind === "keep") continue;
    changed = true;
    if (change.kind === "drop") entries.delete(member);
    else entries.set(member, change.entry);
  }
  if (!changed) return ledger;
  const templateVersion = templateHash(object.spec?.template);
  const overridesVersion = overridesHash(object);
  const same =
    templateVersion === ledger.templateVersion && overridesVersion === ledger.overridesVersion;
  return {
    entries: same ? entries : new Map(Array.from(entries, freezeKubefedEntry)),
    templateVersion,
    overridesVersion,
  };
}

/** What KubeFed recorded held for the versions that are replaced now: its hash is not known. */
function freezeKubefedEntry([member, entry]: [string, LedgerEntry]): [string, LedgerEntry] {
  return [member, entry.hash === undefined ? { ...entry, hash: "" } : entry];
}

function ledgerChangeOf(
  { brings, ledger, operation }: TopologyDecision,
  outcome: WriteOutcome,
  { context, now }: { readonly context: () => SyncContext; readonly now: string },
): LedgerChange {
  if (outcome.kind === "removed") return { kind: "drop" };
  if (outcome.kind !== "written" || brings === undefined) {
    return operation.kind === "none" ? ledger : { kind: "keep" };
  }
  const entry: LedgerEntry = {
    version: memberVersionOf(outcome.object),
    revision: brings.revision,
    hash: brings.hash,
    contentHash: contentHashOf(outcome.object, context()),
    ...(brings.adopted ? { adopted: true } : {}),
    appliedAt: now,
  };
  return { kind: "set", entry };
}

function reportOf(
  decision: TopologyDecision,
  outcome: WriteOutcome,
  remoteStatus: JsonValue | undefined,
): TopologyReport {
  const { member, topology, cluster, inPlacement, behind, drifted, brings } = decision;
  const failed = outcome.kind === "failed" || outcome.kind === "timedOut";
  const status = failed ? failureOf(decision, outcome) : decision.status;
  const revision = outcome.kind === "written" ? brings?.revision : decision.revision;
  const message = failed ? outcome.message : decision.reason;
  return {
    member,
    topology,
    inPlacement,
    status,
    message: status === "" ? "" : message,
    behind,
    drifted,
    ...(cluster === undefined ? {} : { cluster }),
    ...(revision === undefined ? {} : { revision }),
    ...(remoteStatus === undefined ? {} : { remoteStatus }),
  };
}

function failureOf(
  { operation, status }: TopologyDecision,
  outcome: Extract<WriteOutcome, { readonly kind: "failed" | "timedOut" }>,
): TopologyStatusName {
  if (outcome.kind === "failed" && outcome.status !== undefined) return outcome.status;
  return operation.kind === "none" ? status : failures[operation.kind][outcome.kind];
}
