/** What one reconcile came to. */
export type Outcome =
  | { readonly kind: "done" }
  /** Again after so many milliseconds, without counting as a failure; `because` is for metrics. */
  | { readonly kind: "recheck"; readonly afterMs: number; readonly because?: "notSynced" }
  /** Again, with exponential back-off. */
  | { readonly kind: "retry"; readonly reason: string };

/** Brings one object to where it should be: observe → plan → act → report. Throws only for a bug or an abort. */
export type Reconciler = (key: string, signal: AbortSignal) => Promise<Outcome>;
