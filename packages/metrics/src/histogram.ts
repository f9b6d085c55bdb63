import type { Labels, MetricFamily, MetricOptions, Sample } from "./metric.ts";
import { SeriesMap } from "./series.ts";

/** Prometheus' own default, in seconds. */
export const defaultBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** A histogram's options. */
export interface HistogramOptions<Name extends string> extends MetricOptions<Name> {
  /** Upper bounds, rising, without infinity. Default: 5 ms to 10 s. */
  readonly buckets?: readonly number[];
}

interface Observations {
  /** Per bucket, not cumulative; the last is beyond all bounds. */
  readonly counts: number[];
  sum: number;
  count: number;
}

/** How a value is spread, e.g. durations in seconds. */
export class Histogram<Name extends string = never> {
  readonly #series: SeriesMap<Name, Observations>;
  readonly #bounds: readonly number[];

  constructor(options: HistogramOptions<Name>, onDrop: (metric: string) => void) {
    const bounds = options.buckets ?? defaultBuckets;
    if (bounds.some((bound, index) => !(bound > (bounds[index - 1] ?? -Infinity)))) {
      throw new RangeError(
        `Cannot make a histogram as its buckets must rise: they are ${bounds.join(", ")}`,
      );
    }
    this.#bounds = bounds;
    this.#series = new SeriesMap(options, onDrop);
  }

  observe(labels: Labels<Name>, value: number): void {
    this.#series.update(labels, (known) => {
      const own = known ?? { counts: Array(this.#bounds.length + 1).fill(0), sum: 0, count: 0 };
      const at = this.#bounds.findIndex((bound) => value <= bound);
      const bucket = at === -1 ? this.#bounds.length : at;
      own.counts[bucket] = (own.counts[bucket] ?? 0) + 1;
      own.sum += value;
      own.count++;
      return own;
    });
  }

  /** How often something was observed. */
  count(labels: Labels<Name>): number {
    return this.#series.get(labels)?.count ?? 0;
  }

  /** Forgets the series that have all these label values. */
  remove(match: Readonly<Record<string, string>>): void {
    this.#series.remove(match);
  }

  /** What is exposed of it. */
  collect(): MetricFamily {
    const { name, help } = this.#series;
    const samples = Array.from(this.#series.entries()).flatMap(({ labels, value }) =>
      this.#samplesOf(labels, value),
    );
    return { name, help, type: "histogram", samples };
  }

  #samplesOf(labels: Sample["labels"], { counts, sum, count }: Observations): readonly Sample[] {
    let below = 0;
    const buckets = [...this.#bounds, Infinity].map((bound, index): Sample => {
      below += counts[index] ?? 0;
      const le = bound === Infinity ? "+Inf" : String(bound);
      return { suffix: "_bucket", labels: [...labels, ["le", le]], value: below };
    });
    return [
      ...buckets,
      { suffix: "_sum", labels, value: sum },
      { suffix: "_count", labels, value: count },
    ];
  }
}
