import type { KeyRangeText, KeyValueText } from "../record/text.ts";

/** Keys as they stand at one moment. */
export interface KeyView {
  get(key: string): KeyValueText | undefined;
  /** The live keys of a range, in order. */
  list(range: KeyRangeText): readonly KeyValueText[];
}

/** One change of one key. */
export interface Change {
  readonly key: string;
  readonly revision: number;
  /** Absent: deleted. */
  readonly kv: KeyValueText | undefined;
  readonly previous: KeyValueText | undefined;
}

/** Whether a key is in a range; an end of one zero byte means the last key. */
export function isInRange(key: string, { key: start, end = "" }: KeyRangeText): boolean {
  if (end === "") return key === start;
  return key >= start && (end === "\0" || key < end);
}

/** What every key was, at every revision. */
export class Timelines {
  readonly #changes = new Map<string, Change[]>();
  #keys: string[] = [];
  readonly #byRevision = new Map<number, readonly Change[]>();
  head: number = 1;

  /** Adds the next revision. */
  apply(revision: number, changes: readonly Change[]): void {
    this.head = revision;
    this.#byRevision.set(revision, changes);
    for (const change of changes) {
      const timeline = this.#changes.get(change.key);
      if (timeline) timeline.push(change);
      else {
        this.#changes.set(change.key, [change]);
        this.#keys = [...this.#keys, change.key].sort(compareText);
      }
    }
  }

  /** The changes of a revision. */
  changesAt(revision: number): readonly Change[] {
    return this.#byRevision.get(revision) ?? [];
  }

  /** The revisions that changed a key. */
  changesOf(key: string): readonly Change[] {
    return this.#changes.get(key) ?? [];
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  /** The keys as they stood at a revision. */
  at(revision: number): KeyView {
    return {
      get: (key) => this.#get(key, revision),
      list: (range) => {
        if (!range.end) return listed(this.#get(range.key, revision));
        return this.#keys
          .filter((key) => isInRange(key, range))
          .flatMap((key) => listed(this.#get(key, revision)));
      },
    };
  }

  #get(key: string, revision: number): KeyValueText | undefined {
    const timeline = this.#changes.get(key) ?? [];
    if ((timeline.at(-1)?.revision ?? 0) <= revision) return timeline.at(-1)?.kv;
    let [low, high] = [0, timeline.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((timeline[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return timeline[low - 1]?.kv;
  }
}

function listed(kv: KeyValueText | undefined): readonly KeyValueText[] {
  return kv ? [kv] : [];
}

/** The order of bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
