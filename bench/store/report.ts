import { drawBars } from "../support/bar-plot.ts";
import type { Machine } from "../support/machine.ts";
import { percentile } from "../support/percentile.ts";
import type { Figure } from "./workloads.ts";

/** One measurement. */
export interface Sample extends Figure {
  readonly workload: string;
  readonly subject: string;
  readonly round: number;
}

/** One run. */
export interface Report {
  readonly machine: Machine;
  readonly keys: number;
  readonly samples: readonly Sample[];
}

const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Medians of the rounds of one workload, and the medians of the rounds' ratios to etcd and to Kine's statements. */
export function formatTable(samples: readonly Sample[]): string {
  const subjects = [...new Set(samples.map(({ subject }) => subject))];
  const lines = subjects.map((subject) => {
    const own = samples.filter((sample) => sample.subject === subject);
    const of = (key: "perSecond" | "p50Ms" | "p99Ms" | "cpuMicros" | "clientMicros"): number =>
      median(own.map((sample) => sample[key]));
    const kine = `kine ${subject.split(" ").at(-1)}`;
    return [
      `  ${subject.padEnd(16)}`,
      `${Math.round(of("perSecond")).toLocaleString("en")}/s`.padStart(12),
      `p50 ${of("p50Ms").toFixed(2)} ms`.padStart(14),
      `p99 ${of("p99Ms").toFixed(1)} ms`.padStart(14),
      `${of("cpuMicros").toFixed(0)} us of CPU`.padStart(18),
      `${of("clientMicros").toFixed(0)} us here`.padStart(12),
      formatRatio(samples, subject, "etcd"),
      formatRatio(samples, subject, kine),
    ].join(" ");
  });
  return [samples[0]?.workload ?? "", ...lines].join("\n");
}

function formatRatio(samples: readonly Sample[], subject: string, to: string): string {
  const ratio = ratioTo(samples, subject, to);
  return ratio === undefined || subject === to ? "" : `  ${ratio.toFixed(2)} x ${to}`;
}

/** The median of the ratios of each round; absent where one of them was not measured. */
function ratioTo(samples: readonly Sample[], subject: string, to: string): number | undefined {
  const ratios = samples
    .filter((sample) => sample.subject === subject)
    .flatMap(({ round, perSecond }) => {
      const other = samples.find((sample) => sample.subject === to && sample.round === round);
      return other ? [perSecond / other.perSecond] : [];
    });
  return ratios.length === 0 ? undefined : median(ratios);
}

const plots: readonly (readonly [file: string, title: string, workload: RegExp])[] = [
  ["updates", "Conditional updates of 1 KiB at 1, 16 and 64 clients", /^conditional update/],
  ["reads", "Gets at 1, 16 and 64 clients", /^get/],
  ["lists", "Pages of 500 of 1 KiB", /^page/],
];

const plotted = ["etcd", "facade sqlite", "facade mariadb", "sqlite", "mariadb", "kine mariadb"];

/** Names and SVGs. */
export function drawStorePlots({ samples }: Report): readonly (readonly [string, string])[] {
  return plots.map(([file, title, workload]) => {
    const shown = samples.filter((sample) => workload.test(sample.workload));
    const labels = [...new Set(shown.map((sample) => sample.workload))];
    const series = plotted.filter((name) => shown.some(({ subject }) => subject === name));
    const groups = labels.map((label) => ({
      label,
      values: series.map((name) =>
        median(
          shown
            .filter((sample) => sample.workload === label && sample.subject === name)
            .map(({ perSecond }) => perSecond),
        ),
      ),
    }));
    return [file, drawBars({ title, unit: "a second", series, groups })] as const;
  });
}
