import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import type { HeldPolicy } from "../api/federated-object.ts";
import { pluralOfKind } from "../api/federated-type-config.ts";
import { wordsOf } from "../conversion/convert-federated-object.ts";
import { parseMemberName } from "../conversion/member-name.ts";
import { topologyNameOf } from "../placement/select-members.ts";
import { cellOfCluster, joinedClusterOf } from "../placement/tenant-scope.ts";
import { targetNameOf, targetNamespaceOf } from "../template/cell-names.ts";
import type { RenderTarget } from "../template/render-member-object.ts";
import { readBookkeeping } from "../template/source.ts";
import { chooseApiVersion } from "./choose-version.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { SyncContext } from "./sync-context.ts";
import type { LedgerChange, MemberObjectRef, TopologyDecision } from "./sync-plan.ts";
import type { MemberView } from "./sync-view.ts";

/** What the row of one member in design/federation.md §4 is chosen by. */
export interface MemberFacts {
  readonly member: MemberView;
  readonly name: string;
  readonly topology: string;
  readonly cluster: string;
  readonly inPlacement: boolean;
  readonly inMask: boolean;
  readonly heldPolicy: HeldPolicy;
  readonly entry: LedgerEntry | undefined;
  /** Absent where the member serves no version of the target. */
  readonly target: RenderTarget | undefined;
  readonly ref: MemberObjectRef;
}

/** Whether the object shall be in a member, and may be touched there now. */
export interface MemberScope {
  readonly inPlacement: boolean;
  readonly inMask: boolean;
  readonly heldPolicy: HeldPolicy;
}

/** Gathers the facts of one member. */
export function gatherFacts(
  member: MemberView,
  scope: MemberScope,
  context: SyncContext,
): MemberFacts {
  const { view, revisions } = context;
  const { cluster, cell, servedVersions } = member;
  const name = cluster.metadata.name ?? "";
  const template = (revisions.desired ?? revisions.current).template;
  const apiVersion = chooseApiVersion(view.typeConfig, template, servedVersions);
  const entry = view.ledger.entries.get(name);
  return {
    ...scope,
    member,
    name,
    topology: topologyNameOf(cluster, wordsOf(view.object)) ?? name,
    cluster: joinedClusterOf(cluster),
    entry,
    target:
      apiVersion === undefined
        ? undefined
        : { cluster, cell, apiVersion, adopted: isAdopted(member, entry, scope) },
    ref: memberObjectRef(context, cell, apiVersion),
  };
}

/** Which object of the member is meant. */
export function memberObjectRef(
  { view }: SyncContext,
  cell: Cell | undefined,
  apiVersion: string | undefined,
): MemberObjectRef {
  const { targetType } = view.typeConfig;
  const { name = "", namespace } = view.object.metadata;
  const group = targetType.group ?? "";
  const home = cell === undefined ? namespace : targetNamespaceOf(cell);
  const version = group === "" ? targetType.version : `${group}/${targetType.version}`;
  return {
    apiVersion: apiVersion ?? version,
    kind: targetType.kind,
    resource: targetType.pluralName === "" ? pluralOfKind(targetType.kind) : targetType.pluralName,
    ...(targetType.scope === "Cluster" || home === undefined ? {} : { namespace: home }),
    name: cell === undefined ? name : targetNameOf(cell, name),
  };
}

/** A decision that writes nothing, changes no ledger and reports fine. */
export function decisionOf(
  facts: MemberFacts,
  decided: Partial<TopologyDecision> & { readonly reason: string },
): TopologyDecision {
  return {
    member: facts.name,
    topology: facts.topology,
    cluster: facts.cluster,
    inPlacement: facts.inPlacement,
    inMask: facts.inMask,
    target: facts.ref,
    operation: { kind: "none" },
    ledger: { kind: "keep" },
    status: "",
    reported: facts.inPlacement,
    behind: 0,
    drifted: false,
    ...(facts.entry?.revision === undefined ? {} : { revision: facts.entry.revision }),
    ...decided,
  };
}

/** The decision about what is named, or stands in the ledger, but cannot be seen: nothing. */
export function decisionOfMissing(
  name: string,
  known: { readonly entry: LedgerEntry | undefined; readonly inPlacement: boolean },
): TopologyDecision {
  const revision = known.entry?.revision;
  return {
    member: name,
    topology: parseMemberName(name)?.cell ?? name,
    inPlacement: known.inPlacement,
    inMask: false,
    operation: { kind: "none" },
    ledger: { kind: "keep" },
    status: "TopologyNotFound",
    reported: true,
    // The same words for what does not exist and for another tenant's.
    reason: `no topology ${JSON.stringify(name)} is known here; nothing is written or deleted`,
    behind: 0,
    drifted: false,
    ...(revision === undefined ? {} : { revision }),
  };
}

/** The ledger's change where nothing of ours stands any more. */
export function dropped({ entry }: MemberFacts): LedgerChange {
  return { kind: entry === undefined ? "keep" : "drop" };
}

/** Whether a derived cluster's Cell is gone: then not even target names are known. */
export function hasLostItsCell({ cluster, cell }: MemberView): boolean {
  return cell === undefined && cellOfCluster(cluster) !== undefined;
}

/** The object as the member has it, where that is known. */
export function liveOf({ observation }: MemberView): KubernetesObject | undefined {
  return observation.kind === "present" ? observation.object : undefined;
}

function isAdopted(
  { observation }: MemberView,
  entry: LedgerEntry | undefined,
  { inPlacement, inMask }: MemberScope,
): boolean {
  // What is created anew is ours; what Pin repairs stays what it was.
  if (observation.kind === "absent" && inPlacement && inMask) return false;
  if (observation.kind !== "present") return entry?.adopted === true;
  // Whatever we did not create ourselves, with our annotations, existed before.
  return readBookkeeping(observation.object.metadata)?.adopted ?? true;
}
