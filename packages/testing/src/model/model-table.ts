import type { Book, Entry, Live, Revision, Row, Standing } from "./model-state.ts";

/** What decides about one object in one member. */
export interface Facts {
  readonly isPlaced: boolean;
  readonly isMasked: boolean;
  readonly isUp: boolean;
  readonly policy: "Freeze" | "Pin";
  readonly uid: string;
  readonly generation: number;
  readonly source: string;
  readonly revisions: readonly Revision[];
  readonly desired: Revision;
  readonly contentOf: (revision: Revision) => string;
}

/** Where a member is brought, and what is said of it; no row for what does not concern it. */
export interface Outcome {
  readonly standing: Standing;
  readonly row?: Row;
}

/** The table of the design page: one object, one member, until nothing more is done. */
export function bring(standing: Standing, facts: Facts): Outcome {
  const first = decide(standing, facts);
  // What was repaired or adopted is looked at once more.
  return decide(first.standing, facts);
}

function decide({ live, entry }: Standing, facts: Facts): Outcome {
  if (!facts.isUp) return unreachable({ live, entry } as Standing, facts);
  const own = live && isOurs(live, facts) ? live.book : undefined;
  if (live && own) return ours(live, own, entry, facts);
  if (live) return foreign(live, entry, facts);
  if (!facts.isPlaced) return { standing: {} };
  return facts.isMasked ? write(undefined, facts) : gone(entry, facts);
}

function isOurs({ book, refuses }: Live, { source }: Facts): boolean {
  return refuses === undefined && book?.source === source;
}

function unreachable(standing: Standing, facts: Facts): Outcome {
  const { entry } = standing;
  if (!facts.isPlaced && !entry) return { standing };
  const behind = entry && facts.isPlaced ? behindOf(entry, facts) : 0;
  return { standing, row: { ...revisionIn(entry), status: "ClusterNotReady", behind } };
}

function ours(live: Live, book: Book, entry: Entry | undefined, facts: Facts): Outcome {
  const asIs: Standing = { live, ...(entry && { entry }) };
  if (book.uid === facts.uid && book.generation > facts.generation) {
    return { standing: asIs, row: { revision: book.revision, status: "AheadOfControlPlane" } };
  }
  if (isOfLostHistory(book, entry, facts)) {
    return { standing: asIs, row: { revision: book.revision, status: "AheadOfControlPlane" } };
  }
  if (!facts.isPlaced) {
    if (facts.isMasked) return { standing: {} };
    return { standing: asIs, row: { ...revisionIn(entry), status: "PendingRemoval" } };
  }
  const known = knownOf(book, entry, facts);
  const isDrifted = live.value !== book.content;
  const { desired } = facts;
  if (facts.isMasked) {
    if (isDrifted || book.content !== facts.contentOf(desired)) return write(live, facts);
    return movedOn(live, facts);
  }
  const behind = behindOf(known, facts);
  if (isDrifted) return drifted(asIs, known, facts);
  if (behind === 0) return movedOn(live, facts);
  return { standing: asIs, row: { ...revisionIn(known), status: "Held", behind } };
}

/** What stands there is of a revision that nobody here has heard of. */
function isOfLostHistory(book: Book, entry: Entry | undefined, facts: Facts): boolean {
  const { uid, revisions, desired, contentOf } = facts;
  return (
    book.uid === uid &&
    book.content !== entry?.content &&
    book.content !== contentOf(desired) &&
    book.revision > (entry?.revision ?? 0) &&
    revisions.every(({ number }) => number !== book.revision)
  );
}

function movedOn(live: Live, { desired, contentOf }: Facts): Outcome {
  const entry = { revision: desired.number, content: contentOf(desired) };
  return { standing: { live, entry }, row: { revision: desired.number } };
}

function gone(entry: Entry | undefined, facts: Facts): Outcome {
  if (!entry) return { standing: {}, row: { status: "NotReleased" } };
  return drifted({ entry }, entry, facts);
}

function drifted(standing: Standing, known: Entry, facts: Facts): Outcome {
  const behind = behindOf(known, facts);
  const held = { ...revisionIn(known), status: "Held", behind, drifted: true };
  if (facts.policy === "Freeze") return { standing, row: held };
  const { revisions, desired, contentOf } = facts;
  const candidates = [
    revisions.find(({ number }) => number === known.revision),
    desired,
    revisions.at(-1),
  ];
  const isRenderable = candidates.some((each) => each && contentOf(each) === known.content);
  if (!isRenderable || standing.entry?.content !== known.content) return { standing, row: held };
  const { source, uid, generation } = facts;
  const revision = known.revision ?? 0;
  const { content } = known;
  const book = { source, uid, generation, revision, content };
  return { standing: { live: { value: content, book }, entry: { revision, content } } };
}

function foreign(live: Live, entry: Entry | undefined, facts: Facts): Outcome {
  if (!facts.isPlaced) return { standing: { live } };
  const standing: Standing = { live, ...(entry && { entry }) };
  if (live.refuses === "label") {
    return { standing, row: { ...revisionIn(entry), status: "ManagedLabelFalse" } };
  }
  if (!facts.isMasked) {
    if (!entry) return { standing, row: { status: "NotReleased" } };
    const behind = behindOf(entry, facts);
    return { standing, row: { ...revisionIn(entry), status: "Held", behind, drifted: true } };
  }
  if (live.book || live.refuses === "other") {
    return { standing, row: { ...revisionIn(entry), status: "AlreadyOwned" } };
  }
  return write(live, facts);
}

function write(_live: Live | undefined, facts: Facts): Outcome {
  const { source, uid, generation, desired, contentOf } = facts;
  const content = contentOf(desired);
  const book = { source, uid, generation, revision: desired.number, content };
  const entry = { revision: desired.number, content };
  return { standing: { live: { value: content, book }, entry }, row: { revision: desired.number } };
}

/** The member's own word goes before the ledger's. */
function knownOf(book: Book, entry: Entry | undefined, { uid }: Facts): Entry {
  const own = book.uid === uid ? book.revision : undefined;
  const revision = entry?.content === book.content ? (entry.revision ?? own) : own;
  return { content: book.content, ...(revision === undefined ? {} : { revision }) };
}

/** How many of the kept revisions between here and there would change this topology. */
function behindOf({ revision, content }: Entry, facts: Facts): number {
  const { desired, revisions, contentOf } = facts;
  if (contentOf(desired) === content) return 0;
  const from = revision ?? revisions.findLast((each) => contentOf(each) === content)?.number ?? 0;
  const [low, high] = from < desired.number ? [from, desired.number] : [desired.number, from];
  let before = from < desired.number ? content : contentOf(desired);
  let count = 0;
  for (const each of revisions) {
    if (each.number <= low || each.number > high) continue;
    if (contentOf(each) !== before) count++;
    before = contentOf(each);
  }
  return Math.max(1, count);
}

function revisionIn(entry: Entry | undefined): { readonly revision?: number } {
  return entry?.revision === undefined ? {} : { revision: entry.revision };
}

/** What deletion of the whole object does in one member; a row where it has to wait. */
export function take(standing: Standing, facts: Facts, mode: "delete" | "orphan"): Outcome {
  const { live, entry } = standing;
  if (!facts.isUp) {
    if (!entry && !(facts.isPlaced && facts.isMasked)) return { standing };
    return unreachable(standing, { ...facts, isPlaced: facts.isPlaced || false });
  }
  if (!live || !isOurs(live, facts) || !live.book) return { standing: live ? { live } : {} };
  if (live.book.uid === facts.uid && live.book.generation > facts.generation) {
    return { standing, row: { revision: live.book.revision, status: "AheadOfControlPlane" } };
  }
  return { standing: mode === "orphan" ? { live: { value: live.value } } : {} };
}
