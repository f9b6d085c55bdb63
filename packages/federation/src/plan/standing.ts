import { isJsonEqual, type KubernetesObject } from "@cellplane/apimachinery";
import { kubefed } from "../api/names.ts";
import type { Rendering, RenderTarget } from "../template/render-member-object.ts";
import { covers, ownedContent, retainFields } from "../template/retain-fields.ts";
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
  { live, book, entry, target }: StandingView,
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
  if (rendering === undefined) return false;
  if (book === undefined && entry?.hash === undefined) {
    return isDriftedFromKubefed({ live, entry, rendering }, context);
  }
  return !covers(live, rendering.object);
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

interface KubefedCopy {
  readonly live: KubernetesObject;
  readonly entry: LedgerEntry | undefined;
  readonly rendering: Rendering & { readonly kind: "rendered" };
}

// KubeFed recorded no hash of ours, but whether the member was at its newest template. Where its
// version says nothing any more (a status moved on), or is lost, the contents tell. So what KubeFed
// left in step is taken into the ledger as it is, and not written once more for our annotations.
function kubefedStanding(
  { live, book, entry, target }: StandingView,
  context: SyncContext,
): KnownStanding {
  const unknown = { hash: undefined, revision: undefined };
  const isKubefeds = live?.metadata.labels?.[kubefed.managedLabel] === "true" && !book;
  if (live === undefined || !isKubefeds) return unknown;
  const { current } = context.revisions;
  const rendering = context.renderer.render(current, target);
  if (rendering.kind === "failed") return unknown;
  const copy = { live, entry, rendering };
  const isInStep = isOfNewestTemplate(entry, context)
    ? entry?.version === memberVersionOf(live) || isCovered(copy, context)
    : isSameContent(copy, context);
  return isInStep ? { hash: rendering.hash, revision: current.number } : unknown;
}

function isOfNewestTemplate(entry: LedgerEntry | undefined, { view }: SyncContext): boolean {
  const { templateVersion, overridesVersion } = view.ledger;
  return (
    entry !== undefined &&
    templateVersion === templateHash(view.object.spec?.template) &&
    overridesVersion === overridesHash(view.object)
  );
}

// KubeFed's own rule (reference §2.8): the version says that nothing changed, but for metadata
// where it is a generation. Values may look otherwise than in the template, as servers normalise.
function isDriftedFromKubefed(copy: KubefedCopy, context: SyncContext): boolean {
  const { live, entry, rendering } = copy;
  const version = memberVersionOf(live);
  if (entry?.version !== version) return !isCovered(copy, context);
  const { metadata } = rendering.object;
  return version.startsWith("gen:") && !covers(live, { metadata });
}

function isCovered({ live, rendering }: KubefedCopy, { rules }: SyncContext): boolean {
  return covers(live, retainFields(rendering, live, rules));
}

function isSameContent({ live, rendering }: KubefedCopy, { rules }: SyncContext): boolean {
  const wanted = retainFields(rendering, live, rules);
  return isJsonEqual(ownedContent(live, rules), ownedContent(wanted, rules));
}
