import type { MemberName } from "../placement/select-members.ts";
import { planSync } from "./plan-sync.ts";
import type { TopologyDecision } from "./sync-plan.ts";
import type { SyncView } from "./sync-view.ts";

/** Why one member is not in step. */
export interface TakeoverFinding {
  readonly member: MemberName;
  /** What would be written there; `unknown` where it cannot be read. */
  readonly what: "create" | "update" | "delete" | "release" | "unknown";
  readonly reason: string;
}

/** What taking a federated object over from KubeFed would do to members. */
export type Takeover =
  /** Not one write; `members` have a copy that the ledger will know. */
  | { readonly kind: "inStep"; readonly members: readonly MemberName[] }
  /** Something would be written, or that cannot be ruled out. */
  | { readonly kind: "differs"; readonly findings: readonly TakeoverFinding[] };

/**
 * Judges a federated object of KubeFed's, with KubeFed's ledger and what members have, as if it
 * were not held by any mask.
 */
export function judgeTakeover(view: SyncView): Takeover {
  const { placementMask: _, ...spec } = view.object.spec ?? {};
  const plan = planSync({ ...view, object: { ...view.object, spec } });
  if (plan.reason !== "" && plan.reason !== "NamespaceNotFederated") {
    const finding = { member: "", what: "unknown", reason: plan.message } as const;
    return { kind: "differs", findings: [finding] };
  }
  const findings = plan.decisions.flatMap(findingOf);
  if (findings.length > 0) return { kind: "differs", findings };
  const known = plan.decisions.filter(
    ({ inPlacement, ledger }) => inPlacement && ledger.kind !== "drop",
  );
  const members = known.filter(({ status }) => status === "").map(({ member }) => member);
  return { kind: "inStep", members };
}

function findingOf(decision: TopologyDecision): readonly TakeoverFinding[] {
  const { member, operation, status, reason } = decision;
  if (operation.kind !== "none") return [{ member, what: operation.kind, reason }];
  const isUnread = status === "ClusterNotReady" || status === "CachedRetrievalFailed";
  return isUnread ? [{ member, what: "unknown", reason }] : [];
}
