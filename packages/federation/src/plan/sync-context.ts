import type { KubernetesObject } from "@cellplane/apimachinery";
import { annotations } from "../api/names.ts";
import { hashJson } from "../hash/canonical-json.ts";
import { type AnnotationPolicy, createAnnotationPolicy } from "../template/annotation-policy.ts";
import { createRenderer, type Renderer } from "../template/render-member-object.ts";
import { ownedContent, type RetentionRules } from "../template/retain-fields.ts";
import { formatSource, readBookkeeping, sourceOf } from "../template/source.ts";
import { planRevisions, type RevisionPlan } from "./plan-revisions.ts";
import { schedulerOverrides } from "./revision.ts";
import type { MemberView, SyncView } from "./sync-view.ts";

/** A view with what is derived from it once and needed for every member. */
export interface SyncContext {
  readonly view: SyncView;
  readonly policy: AnnotationPolicy;
  readonly rules: RetentionRules;
  readonly renderer: Renderer;
  readonly revisions: RevisionPlan;
  /** The highest generation of a member object that this plan may overwrite. */
  readonly maxGeneration: number;
  /** The highest generation that the user said may be overwritten; 0: none. */
  readonly acceptedGeneration: number;
}

/** Derives what every member's decision needs. */
export function createSyncContext(view: SyncView): SyncContext {
  const { object, typeConfig, settings } = view;
  const { targetType, propagatingAnnotations, retainedFields = [] } = typeConfig;
  const globs = settings.annotationPolicy === "on" ? propagatingAnnotations : [];
  const policy = createAnnotationPolicy(globs);
  const { name = "", namespace } = object.metadata;
  return {
    view,
    policy,
    rules: {
      kind: targetType.kind,
      retainReplicas: object.spec?.retainReplicas === true,
      retainedFields,
      policy,
    },
    renderer: createRenderer({
      namespace: targetType.scope === "Cluster" ? undefined : namespace,
      name,
      kind: targetType.kind,
      scope: targetType.scope,
      policy,
      schedulerOverrides: schedulerOverrides(object),
    }),
    revisions: planRevisions({
      object,
      kept: view.revisions,
      ledger: view.ledger,
      seenInMembers: highestRevisionSeen(view),
      historyLimit: settings.revisionHistoryLimit,
    }),
    maxGeneration: Math.max(object.metadata.generation ?? 0, acceptedGenerationOf(view)),
    acceptedGeneration: acceptedGenerationOf(view),
  };
}

/** The `source` annotation of this object in one member. */
export function sourceIn({ view }: SyncContext, { cluster }: MemberView): string {
  const { controlPlaneId } = view.settings;
  return formatSource(
    sourceOf(view.object, { controlPlaneId, member: cluster.metadata.name ?? "" }),
  );
}

/**
 * Fingerprint of what a member stored, to tell drift later. It begins with the rules it was taken
 * by: under other rules it says nothing.
 */
export function contentHashOf(live: KubernetesObject, context: SyncContext): string {
  return `${rulesDigest(context)}:${hashJson(ownedContent(live, context.rules))}`;
}

/** Whether a fingerprint was taken by the present rules. */
export function isComparable(contentHash: string, context: SyncContext): boolean {
  return contentHash.startsWith(`${rulesDigest(context)}:`);
}

// The same for every member of one plan.
const rulesDigests = new WeakMap<RetentionRules, string>();

function rulesDigest(context: SyncContext): string {
  const known = rulesDigests.get(context.rules);
  if (known !== undefined) return known;
  const digest = digestRules(context);
  rulesDigests.set(context.rules, digest);
  return digest;
}

function digestRules({ view, rules }: SyncContext): string {
  const { propagatingAnnotations = [] } = view.typeConfig;
  const { retainReplicas, retainedFields } = rules;
  const globs = view.settings.annotationPolicy === "on" ? propagatingAnnotations : [];
  return hashJson([globs, retainReplicas, retainedFields]).slice(0, 8);
}

function acceptedGenerationOf({ object }: SyncView): number {
  const accepted = Number(object.metadata.annotations?.[annotations.acceptOlder] ?? 0);
  return Number.isInteger(accepted) ? accepted : 0;
}

function highestRevisionSeen({ object, members }: SyncView): number {
  let highest = 0;
  for (const { observation } of members.values()) {
    if (observation.kind !== "present") continue;
    const book = readBookkeeping(observation.object.metadata);
    if (book?.uid === object.metadata.uid) highest = Math.max(highest, book?.revision ?? 0);
  }
  return highest;
}
