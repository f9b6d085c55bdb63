import type { KubernetesObject } from "@cellplane/apimachinery";
import { kubefed } from "../api/names.ts";
import { renderCellNamespace, targetNamespaceOf } from "../template/cell-names.ts";
import type { Rendering, RenderTarget } from "../template/render-member-object.ts";
import { findUncovered, retainFields } from "../template/retain-fields.ts";
import { type Bookkeeping, withBookkeeping } from "../template/source.ts";
import { type LedgerEntry, memberVersionOf } from "./ledger.ts";
import { decisionOf, type MemberFacts } from "./member-facts.ts";
import type { Revision } from "./revision.ts";
import { isDrifted, type KnownStanding, standingOf } from "./standing.ts";
import { contentHashOf, sourceIn, type SyncContext } from "./sync-context.ts";
import type { LedgerChange, SyncOperation, TopologyDecision } from "./sync-plan.ts";

/** The member's object of ours, or to be adopted; absent where there is none. */
export interface LiveView {
  readonly live: KubernetesObject | undefined;
  readonly book: Bookkeeping | undefined;
}

/** A rendering that worked. */
export type RenderedBytes = Rendering & { readonly kind: "rendered" };

/** In placement and in the mask: create, or update where the rendering differs or drifted. */
export function applyRow(
  facts: MemberFacts,
  live: LiveView,
  context: SyncContext,
): TopologyDecision {
  const { target, entry } = facts;
  const { desired } = context.revisions;
  if (desired === undefined) return decideWithoutRevision(facts, context);
  if (target === undefined) return decideWithoutVersion(facts, context);
  const rendering = context.renderer.render(desired, target);
  if (rendering.kind === "failed") {
    return decisionOf(facts, { status: "ApplyOverridesFailed", reason: rendering.message });
  }
  const bytes = { rendering, revision: desired.number };
  if (live.live === undefined) {
    return writeDecision(facts, { ...bytes, live, why: "in placement and in the mask" }, context);
  }
  const view = { ...live, entry, target };
  const standing = standingOf(view, context);
  const drifted = isDrifted(view, standing, context);
  if (standing.hash === rendering.hash && !drifted && isManaged(live.live)) {
    return decisionOf(facts, {
      revision: desired.number,
      ledger: moveOn(facts, { live: live.live, standing, revision: desired }, context),
      reason: `at revision ${desired.number}`,
    });
  }
  if (standing.hash !== rendering.hash) {
    return writeDecision(facts, { ...bytes, live, why: "another rendering" }, context);
  }
  const write = { ...bytes, live, why: "the member's object was changed" };
  const repairs = findUncovered(live.live, rendering.object) ?? "";
  return { ...writeDecision(facts, write, context), repairs };
}

/** What a write needs besides the facts. */
export interface WriteView {
  readonly rendering: RenderedBytes;
  readonly revision: number;
  readonly live: LiveView;
  readonly why: string;
}

/** Creates, or updates what is there; stopped where something keeps undoing it. */
export function writeDecision(
  facts: MemberFacts,
  { rendering, revision, live, why }: WriteView,
  context: SyncContext,
): TopologyDecision {
  const { conflict } = facts.member;
  if (conflict?.hash === rendering.hash && live.live !== undefined) {
    const reason = `something in the member keeps changing ${conflict.field}`;
    return decisionOf(facts, { status: "FieldConflict", reason });
  }
  const adopted = facts.target?.adopted === true;
  return decisionOf(facts, {
    operation: writeOperation(facts, { rendering, revision, live: live.live }, context),
    brings: { revision, hash: rendering.hash, adopted },
    reason: `${live.live === undefined ? "create" : "update"} to revision ${revision}: ${why}`,
  });
}

/** The ledger's change where a member is found at a rendering without a write. */
export function moveOn(
  facts: MemberFacts,
  found: {
    readonly live: KubernetesObject;
    readonly standing: KnownStanding;
    readonly revision: Revision;
  },
  context: SyncContext,
): LedgerChange {
  const { entry, target } = facts;
  const { live, standing, revision } = found;
  const known = entry?.contentHash !== undefined && entry.hash === standing.hash;
  if (known && entry.revision === revision.number) return { kind: "keep" };
  const next: LedgerEntry = {
    ...entry,
    version: memberVersionOf(live),
    revision: revision.number,
    ...(standing.hash === undefined ? {} : { hash: standing.hash }),
    contentHash: known ? (entry.contentHash ?? "") : contentHashOf(live, context),
    ...(target?.adopted ? { adopted: true } : {}),
  };
  return { kind: "set", entry: next };
}

function writeOperation(
  facts: MemberFacts,
  {
    rendering,
    revision,
    live,
  }: Omit<WriteView, "live" | "why"> & {
    readonly live: KubernetesObject | undefined;
  },
  context: SyncContext,
): SyncOperation {
  const { object } = context.view;
  const book: Bookkeeping = {
    source: sourceIn(context, facts.member),
    uid: object.metadata.uid ?? "",
    generation: object.metadata.generation ?? 0,
    revision,
    hash: rendering.hash,
    adopted: facts.target?.adopted === true,
  };
  if (live === undefined) {
    const namespace = cellNamespace(facts.target, context);
    const created = withBookkeeping(rendering.object, book);
    return { kind: "create", object: created, ...(namespace ? { namespace } : {}) };
  }
  const isHost =
    live.metadata.uid !== undefined && live.metadata.uid === context.view.hostNamespaceUid;
  const updated = isHost
    ? labelled(live, rendering.object)
    : retainFields(rendering, live, context.rules);
  return { kind: "update", object: withBookkeeping(updated, book) };
}

// The control plane's own Namespace is its users'; it only learns that it is managed.
function labelled(live: KubernetesObject, { metadata }: KubernetesObject): KubernetesObject {
  const set = { ...live.metadata.labels, ...metadata.labels };
  return { ...live, metadata: { ...live.metadata, labels: set } };
}

function cellNamespace(
  target: RenderTarget | undefined,
  { view }: SyncContext,
): KubernetesObject | undefined {
  const cell = target?.cell;
  if (cell === undefined || view.typeConfig.targetType.scope === "Cluster") return undefined;
  if (targetNamespaceOf(cell) === "") return undefined;
  const { settings, tenant } = view;
  return renderCellNamespace(cell, { controlPlaneId: settings.controlPlaneId, tenant });
}

function isManaged(live: KubernetesObject): boolean {
  return live.metadata.labels?.[kubefed.managedLabel] === "true";
}

/** `spec.revision` names one that is not kept. */
export function decideWithoutRevision(facts: MemberFacts, { view }: SyncContext): TopologyDecision {
  const number = view.object.spec?.revision ?? 0;
  return decisionOf(facts, {
    status: "ComputeResourceFailed",
    reason: `revision ${number} is not kept any more`,
  });
}

/** The member serves no version of the target's that we can write. */
export function decideWithoutVersion(facts: MemberFacts, context: SyncContext): TopologyDecision {
  return decisionOf(facts, {
    status: "VersionNotServed",
    reason: describeUnserved(facts, context),
  });
}

/** What a member serves instead of a version that we can write. */
export function describeUnserved(facts: MemberFacts, { view }: SyncContext): string {
  const { group = "", kind } = view.typeConfig.targetType;
  const name = group === "" ? kind : `${kind}.${group}`;
  const served = facts.member.servedVersions?.join(", ") || "none";
  return `the member serves no usable version of ${name}: it has ${served}`;
}
