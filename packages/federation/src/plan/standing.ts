import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Rendering, RenderTarget } from "../template/render-member-object.ts";
import { covers } from "../template/retain-fields.ts";
import type { Bookkeeping } from "../template/source.ts";
import { overridesHash, templateHash } from "../template/kubefed-hash.ts";
import { type LedgerEntry, memberVersionOf } from "./ledger.ts";
import { contentHashOf, isComparable, type SyncContext } from "./sync-context.ts";

/** Where a member stands, as far as that is known. */
export interface KnownStanding {
  /** Absent where only the hash is known. */
  readonly revision: number | undefined;
  /** Of the rendering last written; absent where not even that is known. */
  readonly hash: string | undefined;
}

/** What a member's standing is read from. */
export interface StandingView {
  /** Absent where the member has no object of ours, or cannot be read. */
  readonly live: KubernetesObject | undefined;
  readonly book: Bookkeeping | undefined;
  readonly entry: LedgerEntry | undefined;
  readonly target: RenderTarget;
}

/** The member's own word goes before the ledger's, which may have missed a write. */
export function standingOf(view: StandingView, context: SyncContext): KnownStanding {
  const { book, entry } = view;
  if (book !== undefined && book.hash !== "") {
    const sameHash = entry?.hash === book.hash;
    // The ledger may have moved on without a write, so where the hashes agree its number counts.
    const own = book.uid === context.view.object.metadata.uid ? book.revision : undefined;
    return { hash: book.hash, revision: sameHash ? (entry.revision ?? own) : own };
  }
  if (entry?.hash !== undefined) return { hash: entry.hash, revision: entry.revision };
  return kubefedStanding(view, context);
}

/**
 * Whether the member's object differs from what was last written there. Not known counts as no:
 * then only a rendering that differs leads to a write.
 */
export function isDrifted(
  { live, entry, target }: StandingView,
  standing: KnownStanding,
  context: SyncContext,
): boolean {
  if (live === undefined) return false;
  const { hostNamespaceUid } = context.view;
  if (hostNamespaceUid !== undefined && live.metadata.uid === hostNamespaceUid) {
    return !hasLabels(live, renderingOf(standing, target, context)?.object);
  }
  if (entry?.contentHash !== undefined && entry.hash === standing.hash) {
    if (entry.version === `rv:${live.metadata.resourceVersion}`) return false;
    if (isComparable(entry.contentHash, context)) {
      return contentHashOf(live, context) !== entry.contentHash;
    }
  }
  const rendering = renderingOf(standing, target, context);
  return rendering !== undefined && !covers(live, rendering.object);
}

// The control plane's own Namespace is its users': only our labels count.
function hasLabels(live: KubernetesObject, wanted: KubernetesObject | undefined): boolean {
  const set = live.metadata.labels ?? {};
  return Object.entries(wanted?.metadata.labels ?? {}).every(([key, value]) => set[key] === value);
}

/** The bytes that a standing stands for, where they can still be rendered. */
export function renderingOf(
  standing: KnownStanding,
  target: RenderTarget,
  { renderer, revisions }: SyncContext,
): (Rendering & { readonly kind: "rendered" }) | undefined {
  const { current, desired, all } = revisions;
  const named = all.find(({ number }) => number === standing.revision);
  for (const revision of [named, desired, current]) {
    const rendering = revision && renderer.render(revision, target);
    if (rendering?.kind === "rendered" && rendering.hash === standing.hash) return rendering;
  }
  return undefined;
}

// KubeFed recorded no hash of ours, but whether the member was at its newest template.
function kubefedStanding(
  { live, entry, target }: StandingView,
  context: SyncContext,
): KnownStanding {
  const { view, revisions, renderer } = context;
  const unknown = { hash: undefined, revision: undefined };
  if (live === undefined || entry?.version !== memberVersionOf(live)) return unknown;
  const { templateVersion, overridesVersion } = view.ledger;
  if (templateVersion !== templateHash(view.object.spec?.template)) return unknown;
  if (overridesVersion !== overridesHash(view.object)) return unknown;
  const rendering = renderer.render(revisions.current, target);
  if (rendering.kind === "failed") return unknown;
  return { hash: rendering.hash, revision: revisions.current.number };
}
