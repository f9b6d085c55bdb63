import type { Revision } from "../store/mvcc-store.ts";
import type { LogChange } from "../store/revision-log.ts";

/** How much of the newest history stays in memory. */
export interface RingLimits {
  readonly maxChanges: number;
  readonly maxBytes: number;
}

/** What a change costs besides its value, roughly. */
const changeOverheadBytes = 200;

/** The newest changes, in order, bounded in bytes and count. */
export class ChangeRing {
  readonly #limits: RingLimits;
  readonly #dropsValues: boolean;
  #changes: LogChange[] = [];
  /** Changes before this place have left; the array is cut when half of it has. */
  #start = 0;
  #bytes = 0;
  #floor: Revision;

  /** @param dropsValues whether a change that leaves may be read from the log, so that its value need not stay. */
  constructor(head: Revision, limits: RingLimits, dropsValues: boolean) {
    this.#floor = head + 1;
    this.#limits = limits;
    this.#dropsValues = dropsValues;
  }

  /** The oldest revision that is here whole; the head + 1 where nothing is. */
  get floor(): Revision {
    return this.#floor;
  }

  /** Takes changes in; what is too much stays until `trim`. */
  add(changes: readonly LogChange[]): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += sizeOf(change);
    }
  }

  /** Drops the oldest changes until the limits are kept. */
  trim(): void {
    const { maxChanges, maxBytes } = this.#limits;
    while (this.#changes.length - this.#start > maxChanges || this.#bytes > maxBytes) {
      this.#dropFirst();
    }
    if (this.#start > 1024 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Forgets everything: what comes next follows another head. */
  reset(head: Revision): void {
    this.#changes = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#floor = head + 1;
  }

  /** Everything from a revision on; the revision must not be below `floor`. */
  from(revision: Revision): readonly LogChange[] {
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.revision ?? 0) < revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }

  #dropFirst(): void {
    const change = this.#changes[this.#start++];
    if (!change) return;
    this.#bytes -= sizeOf(change);
    this.#floor = change.revision + 1;
    change.previous = undefined;
    if (this.#dropsValues) change.value = undefined;
  }
}

function sizeOf(change: LogChange): number {
  return changeOverheadBytes + (change.value?.length ?? 0);
}
