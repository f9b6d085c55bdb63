import { performance } from "node:perf_hooks";
import { percentile } from "../support/percentile.ts";
import { readUsage } from "../support/usage.ts";

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the server (all processes and threads) for each operation, in microseconds. */
  readonly cpuMicros: number;
}

/** How many workers, and for how long. */
export interface Load {
  readonly what: string;
  readonly workers: number;
  readonly warmUpMs: number;
  readonly ms: number;
  /** Operations that one call of the worker stands for. */
  readonly operationsPerCall?: number;
}

/** Runs the workers, each one call after the other, and measures after the warm-up. */
export async function measure(
  pids: readonly number[],
  load: Load,
  call: (worker: number) => Promise<void>,
): Promise<Figure> {
  const from = performance.now() + load.warmUpMs;
  const end = from + load.ms;
  const times: number[] = [];
  let first: { readonly startMs: number; readonly cpuMicros: number } | undefined;
  const runWorker = async (worker: number): Promise<void> => {
    // At least one call counts, however slow the server is.
    for (let start = performance.now(); start < end || !first; start = performance.now()) {
      if (start >= from) first ??= { startMs: start, cpuMicros: readUsage(pids).cpuMicros };
      await call(worker);
      if (start >= from) times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: load.workers }, (_, worker) => runWorker(worker)));
  const seconds = (performance.now() - (first?.startMs ?? from)) / 1000;
  const operations = times.length * (load.operationsPerCall ?? 1);
  return {
    what: load.what,
    perSecond: operations / seconds,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    cpuMicros: (readUsage(pids).cpuMicros - (first?.cpuMicros ?? 0)) / operations,
  };
}
