import type { LoadHistory } from "./check-history.ts";
import type { Lister } from "./lister.ts";
import type { Observer } from "./watcher.ts";

/** Figures of a run, by what they are. */
export type LoadReport = Readonly<Record<string, number | string>>;

/** Counts what happened. */
export function tellLoad(run: {
  readonly history: LoadHistory;
  readonly watchers: readonly Observer[];
  readonly lister: Lister;
  readonly strikes: readonly string[];
  /** When all objects were there. */
  readonly filledMs: number;
  readonly loadedMs: number;
}): LoadReport {
  const { history, watchers, lister, strikes } = run;
  const { ledger } = history;
  const underLoad = ledger.attempts.filter(({ startedMs }) => startedMs >= run.filledMs);
  const took = underLoad
    .filter(({ outcome }) => outcome === "acknowledged")
    .map(({ startedMs, endedMs }) => endedMs - startedMs)
    .toSorted((a, b) => a - b);
  const quantile = (q: number): number => Math.round(took[Math.floor(took.length * q)] ?? 0);
  return {
    acknowledged: ledger.count("acknowledged"),
    perSecond: Math.round((took.length / run.loadedMs) * 1000),
    refused: ledger.count("refused"),
    unknown: ledger.count("unknown"),
    writeMsP50: quantile(0.5),
    writeMsP99: quantile(0.99),
    writeMsMax: quantile(1 - Number.EPSILON),
    objects: history.final.items.length,
    events: history.segments.reduce((sum, { events }) => sum + events.length, 0),
    lists: lister.snapshots.length,
    listsRepeated: lister.repeated,
    listsExpired: lister.expired,
    listsFailed: lister.failed,
    relists: watchers.reduce((sum, { relists }) => sum + relists, 0) - watchers.length,
    reconnects: watchers.reduce((sum, { reconnects }) => sum + reconnects, 0),
    strikes: strikes.join(", "),
  };
}
