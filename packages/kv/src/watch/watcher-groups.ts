import { isInSpan, type KeySpan, type KeyText } from "../store/key-text.ts";
import type { LogChange } from "../store/revision-log.ts";
import type { Watcher } from "./watcher.ts";

/** Watchers of the same range with the same wishes: they share their events. */
export interface WatcherGroup {
  readonly id: string;
  readonly span: KeySpan;
  readonly members: Set<Watcher>;
  /** The changes of the batch that is being handed out. */
  pending: LogChange[];
}

/** Finds the groups that a key concerns. */
export class WatcherGroups {
  readonly #byId = new Map<string, WatcherGroup>();
  readonly #bySingleKey = new Map<KeyText, WatcherGroup[]>();
  /** Groups of ranges, by start. */
  #ranges: WatcherGroup[] = [];
  /** For each place in `#ranges`: the last end of all groups up to it; absent where one has no end. */
  #lastEnds: (KeyText | undefined)[] = [];

  add(watcher: Watcher): void {
    const id = groupId(watcher);
    let group = this.#byId.get(id);
    if (!group) {
      group = { id, span: watcher.span, members: new Set(), pending: [] };
      this.#byId.set(id, group);
      this.#index(group);
    }
    group.members.add(watcher);
  }

  remove(watcher: Watcher): void {
    const group = this.#byId.get(groupId(watcher));
    if (!group?.members.delete(watcher) || group.members.size > 0) return;
    this.#byId.delete(group.id);
    this.#unindex(group);
  }

  /** Calls back for each group whose range holds the key. */
  match(key: KeyText, found: (group: WatcherGroup) => void): void {
    for (const group of this.#bySingleKey.get(key) ?? none) found(group);
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.span.start ?? "") <= key) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0; i--) {
      const lastEnd = this.#lastEnds[i];
      // No group from here down reaches as far as the key.
      if (lastEnd !== undefined && lastEnd <= key) return;
      const group = this.#ranges[i];
      if (group && isInSpan(key, group.span)) found(group);
    }
  }

  #index(group: WatcherGroup): void {
    if (group.span.single) {
      const same = this.#bySingleKey.get(group.span.start);
      if (same) same.push(group);
      else this.#bySingleKey.set(group.span.start, [group]);
      return;
    }
    this.#setRanges([...this.#ranges, group].sort(byStart));
  }

  #unindex(group: WatcherGroup): void {
    const { span } = group;
    if (!span.single) return this.#setRanges(this.#ranges.filter((other) => other !== group));
    const rest = this.#bySingleKey.get(span.start)?.filter((other) => other !== group) ?? [];
    if (rest.length > 0) this.#bySingleKey.set(span.start, rest);
    else this.#bySingleKey.delete(span.start);
  }

  #setRanges(ranges: WatcherGroup[]): void {
    this.#ranges = ranges;
    this.#lastEnds = [];
    for (const [i, { span }] of ranges.entries()) {
      const before = this.#lastEnds[i - 1];
      const openBefore = i > 0 && before === undefined;
      const open = openBefore || span.end === undefined;
      this.#lastEnds.push(open ? undefined : laterOf(before, span.end ?? ""));
    }
  }
}

const none: readonly WatcherGroup[] = [];

function byStart(a: WatcherGroup, b: WatcherGroup): number {
  if (a.span.start === b.span.start) return 0;
  return a.span.start < b.span.start ? -1 : 1;
}

function laterOf(a: KeyText | undefined, b: KeyText): KeyText {
  return a !== undefined && a > b ? a : b;
}

function groupId({ span, request }: Watcher): string {
  const wishes = `${request.previous ? "p" : ""}${request.noPut ? "d" : ""}${request.noDelete ? "u" : ""}`;
  const { start, end } = span;
  return `${wishes} ${start.length} ${start} ${end === undefined ? "" : `=${end}`}`;
}
