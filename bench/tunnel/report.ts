import { drawBars } from "../support/bar-plot.ts";
import type { Machine } from "../support/machine.ts";
import { percentile } from "../support/percentile.ts";
import type { Figure } from "./workloads.ts";

/** One measurement. */
export interface Sample extends Figure {
  readonly workload: string;
  readonly unit: string;
  readonly subject: string;
  /** Of a round trip between agent and server. */
  readonly delayMs: number;
  readonly round: number;
}

/** One run. */
export interface Report {
  readonly machine: Machine;
  readonly samples: readonly Sample[];
}

/** One of a sample's figures. */
export type FigureKey = "value" | "agentValue" | "p50Ms" | "p99Ms" | "quietP99Ms" | "cpuMicros";

/** The median of one figure. */
export function medianOf(samples: readonly Sample[], key: FigureKey): number {
  return median(samples.map((sample) => sample[key] ?? 0));
}

const median = (values: readonly number[]): number => percentile(values, 0.5);
/** The stock pair in both modes. */
export const stockSubjects: readonly string[] = ["stock grpc", "stock connect"];

/** Medians of the rounds of one workload, and the medians of the rounds' ratios to direct and to stock's better mode. */
export function formatTable(samples: readonly Sample[]): string {
  const [first] = samples;
  if (!first) return "";
  const subjects = [...new Set(samples.map(({ subject }) => subject))];
  const lines = subjects.map((subject) => {
    const own = samples.filter((sample) => sample.subject === subject);
    const of = (key: FigureKey): number => medianOf(own, key);
    return [
      `  ${subject.padEnd(18)}`,
      of("value")
        .toFixed(of("value") < 100 ? 1 : 0)
        .padStart(8),
      `p50 ${of("p50Ms").toFixed(2)} p99 ${of("p99Ms").toFixed(1)} ms`.padStart(26),
      `${of("cpuMicros").toFixed(0)} us of CPU`.padStart(16),
      `${formatRatio(ratioTo(samples, subject, ["direct"]))} x direct`.padStart(16),
      `${formatRatio(ratioTo(samples, subject, stockSubjects))} x stock`.padStart(15),
      ...(own[0]?.agentValue === undefined ? [] : [`agent ${of("agentValue").toFixed(1)}`]),
      ...(own[0]?.quietP99Ms === undefined ? [] : [`p99 before ${of("quietP99Ms").toFixed(1)} ms`]),
    ].join(" ");
  });
  const { workload, unit, delayMs } = first;
  return [`${workload} (${unit}, ${delayMs} ms)`, ...lines].join("\n");
}

/** With two digits; a dash where there is none. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? "-" : ratio.toFixed(2);
}

/** The median of each round's ratio to the best of others; absent where none was measured. */
export function ratioTo(
  samples: readonly Sample[],
  subject: string,
  others: readonly string[],
): number | undefined {
  const ratios = samples
    .filter((sample) => sample.subject === subject)
    .flatMap(({ round, value }) => {
      const best = Math.max(
        0,
        ...samples
          .filter((sample) => sample.round === round && others.includes(sample.subject))
          .map((sample) => sample.value),
      );
      return best === 0 ? [] : [value / best];
    });
  return ratios.length === 0 ? undefined : median(ratios);
}

const plots: readonly (readonly [
  file: string,
  title: string,
  workload: RegExp,
  delayMs: number,
])[] = [
  ["gets", "Gets of 1 KiB at 1, 16 and 64 connections", /^get, \d+$/, 0],
  ["streams", "One and eight streams, down and up", /^(down|up)/, 0],
  ["streams-far", "The same with a round trip of 50 ms", /^(down|up)/, 50],
];

// The others are in the tables.
const plotted = ["stock grpc", "stock connect", "ours in process", "ours connect"];

/** Names and SVGs. */
export function drawTunnelPlots({ samples }: Report): readonly (readonly [string, string])[] {
  return plots.flatMap(([file, title, workload, delayMs]) => {
    const shown = samples.filter(
      (sample) => sample.delayMs === delayMs && workload.test(sample.workload),
    );
    const labels = [...new Set(shown.map((sample) => sample.workload))];
    const series = plotted.filter((name) => shown.some(({ subject }) => subject === name));
    if (series.length === 0) return [];
    const groups = labels.map((label) => ({
      label,
      values: series.map((name) =>
        median(
          shown
            .filter((sample) => sample.workload === label && sample.subject === name)
            .map(({ value }) => value),
        ),
      ),
    }));
    const unit = shown[0]?.unit ?? "";
    return [[file, drawBars({ title, unit, series, groups })] as const];
  });
}
