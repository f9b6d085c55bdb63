/** The promise that was broken. */
export type Rule =
  | "revision used twice"
  | "gapless log"
  | "acknowledged write lost"
  | "phantom"
  | "surely not written, yet there"
  | "written twice"
  | "answer differs from the log"
  | "real-time order"
  | "historic read"
  | "final state"
  | "acknowledged writes gone"
  | "compaction"
  | "future revision"
  | "watch: Ordered"
  | "watch: Unique"
  | "watch: Reliable"
  | "watch: Atomic"
  | "watch: Bookmarkable"
  | "watch: previous value"
  | "watch: event differs from the log"
  | "watch: filter"
  | "watch: start"
  | "watch: ahead of time"
  | "lease ended early"
  | "lease ended in parts"
  | "lease after its end"
  | "incomplete history";

/** One broken promise, and where to look. */
export interface Violation {
  readonly rule: Rule;
  readonly message: string;
  readonly revision?: number;
  readonly keys?: readonly string[];
  /** Ids of operations and watches. */
  readonly of?: readonly string[];
}

const mostKept = 50;

/** Collects what is found, the first ones only. */
export class Violations {
  readonly all: Violation[] = [];
  count = 0;

  add(violation: Violation): void {
    this.count++;
    if (this.all.length < mostKept) this.all.push(violation);
  }
}
