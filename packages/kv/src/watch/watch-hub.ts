import type { KeySpan } from "../store/key-text.ts";
import { CompactedError, UnavailableError } from "../store/kv-error.ts";
import type {
  Revision,
  Watch,
  WatchBatch,
  WatchListener,
  WatchRequest,
} from "../store/mvcc-store.ts";
import type { ChangesPage, LogChange, RevisionLog } from "../store/revision-log.ts";
import { ChangeRing, type RingLimits } from "./change-ring.ts";
import {
  loadPrevious,
  selectEvents,
  WatchEvents,
  type PreviousRows,
  type Wish,
} from "./watch-events.ts";
import { Watcher, type WatcherHost } from "./watcher.ts";
import { WatcherGroups, type WatcherGroup } from "./watcher-groups.ts";

/** How much history is handed over at once. */
const pageChanges = 1000;
const pageBytes = 8 * 1024 * 1024;

/** What the hub knows of the store when it starts. */
export interface HubStart {
  readonly head: Revision;
  readonly compacted: Revision;
  readonly ring: RingLimits;
}

/**
 * Hands every change to whom it concerns: live from the committer, or from the ring or the log to
 * those that are behind, with a cut-over that neither skips nor repeats. A watcher has no queue:
 * what it does not take it reads again later.
 */
export class WatchHub {
  readonly #log: RevisionLog;
  readonly #ring: ChangeRing;
  readonly #groups = new WatcherGroups();
  readonly #watchers = new Set<Watcher>();
  readonly #host: WatcherHost;
  #head: Revision;
  #compacted: Revision;
  /** The newest revision that was given to be handed out. */
  #published: Revision = 0;
  /** While a batch is being handed out: the head before it. */
  #handingOutAfter: Revision | undefined;
  #wantPrevious = 0;
  #unsettled = new Set<Watcher>();

  constructor(log: RevisionLog, start: HubStart) {
    this.#log = log;
    this.#head = start.head;
    this.#compacted = start.compacted;
    this.#ring = new ChangeRing(start.head, start.ring, !log.keepsValues);
    this.#host = {
      nextOfLive: () => (this.#handingOutAfter ?? this.#head) + 1,
      settleLater: (watcher) => this.#settleLater(watcher),
      leave: (watcher) => this.#groups.remove(watcher),
      ended: (watcher) => this.#forget(watcher),
      catchUp: (watcher) => this.#startCatchUp(watcher),
    };
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    const watcher = new Watcher(request, listener, this.#host);
    // Live from this very turn, so that "from now on" means it.
    if (!request.startRevision) watcher.next = this.#head + 1;
    this.#watchers.add(watcher);
    if (request.previous) this.#wantPrevious++;
    this.#startCatchUp(watcher);
    return watcher;
  }

  /**
   * The changes from a revision on, if they are all in memory: the newest are not yet, while their
   * previous rows are being read to hand them out.
   */
  recent(from: Revision): readonly LogChange[] | undefined {
    return this.#published > this.#head ? undefined : this.#fromRing(from);
  }

  #fromRing(from: Revision): readonly LogChange[] | undefined {
    return from >= this.#ring.floor ? this.#ring.from(from) : undefined;
  }

  /** Hands out durable changes: whole revisions that go on from the head. */
  publish(changes: readonly LogChange[], head: Revision): void | Promise<void> {
    this.#published = head;
    const handOut = (rows: PreviousRows): void =>
      this.#handOut(changes, head, new WatchEvents(rows));
    if (this.#wantPrevious === 0) return handOut(noRows);
    try {
      const previous = loadPrevious(changes, this.#log);
      if (!(previous instanceof Promise)) return handOut(previous);
      return previous.then(handOut, (error: unknown) => this.#publishFailed(error, handOut));
    } catch (error) {
      this.#publishFailed(error, handOut);
    }
  }

  /** The changes are durable, so the writers must be answered; watches that miss something must end. */
  #publishFailed(error: unknown, handOut: (rows: PreviousRows) => void): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    const broken = new UnavailableError(`Cannot watch on: ${cause.message}`, { cause });
    for (const watcher of this.#watchers) if (watcher.request.previous) watcher.end(broken);
    handOut(noRows);
  }

  /** Watchers that still need history below `compacted` end. */
  raiseCompacted(compacted: Revision): void {
    this.#compacted = compacted;
    for (const watcher of this.#watchers) {
      if (watcher.state === "behind" && watcher.next < compacted) watcher.endCompacted(compacted);
    }
  }

  /**
   * Goes on from a later head, as changes up to it are not to be had one by one: watches that miss
   * some end as compacted, those from `compacted` on read them from the log.
   * @param isUntouched Whether nothing that a watch is for can have changed on the way.
   */
  jump(
    { head, compacted }: { readonly head: Revision; readonly compacted: Revision },
    isUntouched: (span: KeySpan) => boolean,
  ): void {
    const before = this.#head;
    this.#ring.reset(head);
    this.#published = head;
    this.#head = head;
    this.#compacted = compacted;
    for (const watcher of this.#watchers) {
      if (watcher.state !== "live") continue;
      watcher.next = Math.max(watcher.next, before + 1);
      if (watcher.next > head) continue;
      if (isUntouched(watcher.span)) watcher.next = head + 1;
      else this.#readOn(watcher);
    }
    this.raiseCompacted(compacted);
    this.#settle();
  }

  /** A live watch is to read from the log what was not handed to it. */
  #readOn(watcher: Watcher): void {
    this.#groups.remove(watcher);
    watcher.state = "behind";
    this.#startCatchUp(watcher);
  }

  /** Ends all watches. */
  end(error: Error): void {
    for (const watcher of this.#watchers) watcher.end(error);
  }

  #handOut(changes: readonly LogChange[], head: Revision, events: WatchEvents): void {
    this.#handingOutAfter = this.#head;
    this.#head = head;
    this.#ring.add(changes);
    try {
      for (const group of this.#collect(changes)) this.#deliver(group, events);
    } finally {
      this.#handingOutAfter = undefined;
      // Not before: events are made from values that the ring may drop.
      this.#ring.trim();
    }
    this.#settle();
  }

  #settleLater(watcher: Watcher): void {
    this.#unsettled.add(watcher);
    if (this.#handingOutAfter === undefined) this.#settle();
  }

  #settle(): void {
    if (this.#unsettled.size === 0) return;
    const waiting = this.#unsettled;
    this.#unsettled = new Set();
    for (const watcher of waiting) {
      watcher.settle(this.#head);
      if (watcher.wantsProgress) this.#unsettled.add(watcher);
    }
  }

  #collect(changes: readonly LogChange[]): Set<WatcherGroup> {
    const touched = new Set<WatcherGroup>();
    for (const change of changes) {
      this.#groups.match(change.key, (group) => {
        group.pending.push(change);
        touched.add(group);
      });
    }
    return touched;
  }

  #deliver(group: WatcherGroup, events: WatchEvents): void {
    const changes = group.pending;
    group.pending = [];
    const [first] = changes;
    const last = changes.at(-1);
    if (!first || !last) return;
    let shared: WatchBatch | undefined;
    for (const watcher of group.members) {
      if (watcher.next > last.revision) continue;
      if (watcher.next > first.revision) {
        handOver(watcher, changes, events);
      } else {
        shared ??= batchOf(
          changes,
          { span: watcher.span, request: watcher.request, from: first.revision },
          events,
        );
        if (shared.events.length > 0) watcher.deliver(shared);
      }
    }
  }

  #startCatchUp(watcher: Watcher): void {
    if (watcher.catchingUp) return;
    watcher.catchingUp = true;
    // Later, so that nothing arrives before `watch()` has returned.
    queueMicrotask(() => void this.#catchUp(watcher));
  }

  async #catchUp(watcher: Watcher): Promise<void> {
    try {
      while (watcher.state === "behind" && !this.#join(watcher)) {
        await this.#handOverPage(watcher);
      }
    } catch (error) {
      // Another process has compacted, and this one has not noticed yet.
      if (error instanceof CompactedError) return watcher.endCompacted(error.compacted);
      const cause = error instanceof Error ? error : new Error(String(error));
      watcher.end(new UnavailableError(`Cannot read on: ${cause.message}`, { cause }));
    } finally {
      watcher.catchingUp = false;
    }
  }

  /** Makes a watcher live that has been handed everything. */
  #join(watcher: Watcher): boolean {
    if (watcher.next < this.#compacted) {
      watcher.endCompacted(this.#compacted);
      return true;
    }
    if (watcher.next <= this.#head) return false;
    watcher.state = "live";
    this.#groups.add(watcher);
    if (watcher.wantsProgress) this.#settleLater(watcher);
    return true;
  }

  async #handOverPage(watcher: Watcher): Promise<void> {
    const from = watcher.next;
    const recent = this.#fromRing(from);
    const { changes, through } = recent
      ? held(firstPage(recent, this.#head), watcher)
      : await this.#readPage(from, this.#head);
    const loading = watcher.request.previous ? loadPrevious(changes, this.#log) : noRows;
    const previous = loading instanceof Promise ? await loading : loading;
    if (watcher.state !== "behind" || watcher.next !== from) return;
    // Raised while the page was read: rows may be missing from it.
    if (from < this.#compacted) return;
    handOver(watcher, changes, new WatchEvents(previous));
    watcher.next = through + 1;
  }

  async #readPage(from: Revision, to: Revision): Promise<ChangesPage> {
    const page = await this.#log.changes({
      from,
      to,
      maxChanges: pageChanges,
      maxBytes: pageBytes,
    });
    // Long history must not hold up the others, and drivers may read synchronously.
    await new Promise((resolve) => setImmediate(resolve));
    return page;
  }

  #forget(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    this.#unsettled.delete(watcher);
    if (watcher.request.previous) this.#wantPrevious--;
  }
}

const noRows: PreviousRows = new Map();

function handOver(watcher: Watcher, changes: readonly LogChange[], events: WatchEvents): void {
  const { span, request, next } = watcher;
  const batch = batchOf(changes, { span, request, from: next }, events);
  if (batch.events.length > 0) watcher.deliver(batch);
}

function batchOf(changes: readonly LogChange[], wish: Wish, events: WatchEvents): WatchBatch {
  const selected = selectEvents(changes, wish, events);
  return { revision: selected.at(-1)?.kv.modRevision ?? 0, events: selected };
}

/** A page of the ring that keeps its values while previous rows are read, whatever the ring drops meanwhile. */
function held(page: ChangesPage, { request }: Watcher): ChangesPage {
  if (!request.previous) return page;
  const changes = page.changes.map((change) => {
    const { previous } = change;
    return { ...change, previous: previous && { ...previous } };
  });
  return { ...page, changes };
}

/** The first whole revisions of changes, about a page of them. */
function firstPage(changes: readonly LogChange[], through: Revision): ChangesPage {
  const last = changes[pageChanges - 1];
  if (!last) return { changes, through };
  let end = pageChanges;
  while (changes[end]?.revision === last.revision) end++;
  return { changes: changes.slice(0, end), through: last.revision };
}
