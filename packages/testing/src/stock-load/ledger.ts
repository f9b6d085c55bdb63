/** What a write did, as far as its writer knows. */
export type WriteOutcome = "acknowledged" | "refused" | "unknown";

/** One write of one key: a put has an id of its own, which the object carries. */
export interface Attempt {
  readonly key: string;
  readonly kind: "put" | "delete";
  readonly write: string;
  readonly outcome: WriteOutcome;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Of an acknowledged put; the answer to a delete does not tell it. */
  readonly revision?: number;
}

/** What a key may hold: the id of a put, or `absent`. */
export type Content = string;

/** All writes, and what each key may hold now. Each key has one writer, who waits for each answer. */
export class Ledger {
  readonly attempts: Attempt[] = [];
  readonly #possible = new Map<string, Set<Content>>();

  note(attempt: Attempt): void {
    this.attempts.push(attempt);
    const { key, kind, write, outcome } = attempt;
    const content = kind === "put" ? write : "absent";
    // Each write expects the state before it, so none that was lost can follow one that was acknowledged.
    if (outcome === "acknowledged") this.#possible.set(key, new Set([content]));
    else if (outcome === "unknown")
      this.#possible.set(key, this.possible(key).union(new Set([content])));
  }

  /** More than one where the outcome of a write is unknown. */
  possible(key: string): Set<Content> {
    return this.#possible.get(key) ?? new Set(["absent"]);
  }

  get keys(): Iterable<string> {
    return this.#possible.keys();
  }

  count(outcome: WriteOutcome): number {
    return this.attempts.filter((attempt) => attempt.outcome === outcome).length;
  }
}
