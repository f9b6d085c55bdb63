import type { FederatedObject } from "../api/federated-object.ts";
import { defaultRevisionHistoryLimit } from "../api/names.ts";
import type { Ledger } from "./ledger.ts";
import { type Revision, revisionContent } from "./revision.ts";

/** The revisions of an object, with the one that its present contents need. */
export interface RevisionPlan {
  /** Those that stay kept and the new one, oldest first. */
  readonly all: readonly Revision[];
  readonly current: Revision;
  /** `undefined` where `spec.revision` names one that is not kept. */
  readonly desired: Revision | undefined;
  /** To be stored before anything is written with it. */
  readonly created: Revision | undefined;
  /** Numbers that need to be kept no longer. */
  readonly pruned: readonly number[];
}

/** What revisions are decided by. */
export interface RevisionView {
  readonly object: FederatedObject;
  readonly kept: readonly Revision[];
  readonly ledger: Ledger;
  /** The highest number that members tell of, in case revisions were lost. */
  readonly seenInMembers: number;
  readonly historyLimit: number;
}

/**
 * Makes a revision when (template, overrides) differ from the newest, even if they equal an older
 * one; keeps the newest `historyLimit` and every one that a member still stands on.
 */
export function planRevisions(view: RevisionView): RevisionPlan {
  const kept = view.kept.toSorted((a, b) => a.number - b.number);
  const newest = kept.at(-1);
  const content = revisionContent(view.object);
  const created =
    newest?.hash === content.hash ? undefined : { ...content, number: nextNumber(view) };
  const current = created ?? newest ?? { ...content, number: nextNumber(view) };
  const all = created ? [...kept, created] : kept;
  const wanted = view.object.spec?.revision;
  const desired = wanted === undefined ? current : all.find(({ number }) => number === wanted);
  const pruned = findPruned(view, all, wanted);
  // What goes with this plan counts no more: `behind` would be another at the next one.
  const staying = all.filter(({ number }) => !pruned.includes(number));
  return { all: staying, current, desired, created, pruned };
}

function nextNumber({ kept, ledger, seenInMembers }: RevisionView): number {
  const standing = Array.from(ledger.entries.values(), ({ revision = 0 }) => revision);
  return Math.max(0, seenInMembers, ...standing, ...kept.map(({ number }) => number)) + 1;
}

function findPruned(
  { object, ledger, historyLimit }: RevisionView,
  all: readonly Revision[],
  wanted: number | undefined,
): readonly number[] {
  const limit = object.spec?.revisionHistoryLimit ?? historyLimit ?? defaultRevisionHistoryLimit;
  const inUse = new Set(Array.from(ledger.entries.values(), ({ revision }) => revision));
  inUse.add(wanted);
  const old = all.slice(0, Math.max(0, all.length - Math.max(1, limit)));
  return old.map(({ number }) => number).filter((number) => !inUse.has(number));
}
