import { topologyTypeOf } from "../conversion/convert-federated-object.ts";
import { gatherFacts } from "../plan/member-facts.ts";
import type { Revision } from "../plan/revision.ts";
import { createSyncContext, type SyncContext } from "../plan/sync-context.ts";
import type { SyncPlan, TopologyDecision } from "../plan/sync-plan.ts";
import type { SyncView } from "../plan/sync-view.ts";
import { inspectApiVersion } from "./placement-explanation.ts";

/** One kept revision. */
export interface RevisionHistoryEntry {
  readonly revision: number;
  readonly hash: string;
  /** RFC 3339; `null` where it is not stored yet. */
  readonly created: string | null;
  /** Topologies that stand at it. */
  readonly topologies: readonly string[];
  /**
   * Whether it renders to something else than the kept revision before it, in the topology that was
   * asked for; `null` for the oldest, and where none was asked for.
   */
  readonly changes: boolean | null;
}

/** The kept revisions of a federated object, newest first. */
export interface RevisionHistory {
  readonly apiVersion: typeof inspectApiVersion;
  readonly kind: "RevisionHistory";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly topologyType: string;
  readonly topology: string | null;
  readonly currentRevision: number;
  readonly desiredRevision: number;
  readonly revisions: readonly RevisionHistoryEntry[];
}

/** Tells the kept revisions, who stands on each, and which of them change a topology. */
export function explainHistory(
  view: SyncView,
  plan: SyncPlan,
  extras: {
    readonly createdAt: (revision: number) => string | undefined;
    readonly topology?: string;
  },
): RevisionHistory {
  const { object } = view;
  const { topology } = extras;
  const { name = "", namespace } = object.metadata;
  const context = createSyncContext(view);
  const concerned = plan.decisions.filter(
    ({ topology: each, member }) => each === topology || member === topology,
  );
  const entries = context.revisions.all.map((revision, index, all) => ({
    revision: revision.number,
    hash: revision.hash,
    created: extras.createdAt(revision.number) ?? null,
    topologies: standingAt(revision.number, plan),
    changes:
      concerned.length === 0 ? null : changesIn(revision, all[index - 1], concerned, context),
  }));
  return {
    apiVersion: inspectApiVersion,
    kind: "RevisionHistory",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    topologyType: topologyTypeOf(object),
    topology: topology ?? null,
    currentRevision: plan.currentRevision,
    desiredRevision: plan.desiredRevision,
    revisions: entries.reverse(),
  };
}

function standingAt(revision: number, { decisions }: SyncPlan): readonly string[] {
  const standing = decisions.filter((each) => each.revision === revision);
  return Array.from(new Set(standing.map(({ topology }) => topology))).sort();
}

function changesIn(
  revision: Revision,
  before: Revision | undefined,
  concerned: readonly TopologyDecision[],
  context: SyncContext,
): boolean | null {
  if (before === undefined) return null;
  return concerned.some(({ member }) => {
    const known = context.view.members.get(member);
    if (!known) return false;
    const scope = { inPlacement: true, inMask: true, heldPolicy: "Freeze" } as const;
    const { target } = gatherFacts(known, scope, context);
    if (target === undefined) return false;
    const [was, is] = [before, revision].map((each) => context.renderer.render(each, target));
    const hashOf = (rendering: typeof is): string =>
      rendering?.kind === "rendered" ? rendering.hash : "";
    return hashOf(was) !== hashOf(is);
  });
}
