import type { Labels, MetricFamily, MetricOptions } from "./metric.ts";
import { SeriesMap } from "./series.ts";

/** Something that is counted and never falls. */
export class Counter<Name extends string = never> {
  readonly #series: SeriesMap<Name, number>;

  constructor(options: MetricOptions<Name>, onDrop: (metric: string) => void) {
    // Counters of other projects, whose names dashboards look for, may end in _count.
    if (!/_(total|count)$/.test(options.name)) {
      throw new RangeError(
        `Cannot make a counter as its name must end in _total: "${options.name}"`,
      );
    }
    this.#series = new SeriesMap(options, onDrop);
  }

  /** Counts `by` more; less than nothing is ignored. */
  add(labels: Labels<Name>, by = 1): void {
    if (!(by >= 0)) return;
    this.#series.update(labels, (value = 0) => value + by);
  }

  /** Takes over a count that something else keeps. */
  set(labels: Labels<Name>, value: number): void {
    this.#series.update(labels, () => value);
  }

  /** The count so far; 0 for a series that has not begun. */
  get(labels: Labels<Name>): number {
    return this.#series.get(labels) ?? 0;
  }

  /** Forgets the series that have all these label values. */
  remove(match: Readonly<Record<string, string>>): void {
    this.#series.remove(match);
  }

  /** What is exposed of it. */
  collect(): MetricFamily {
    return simpleFamily(this.#series, "counter");
  }
}

/** The family of a metric with one number a series. */
export function simpleFamily<Name extends string>(
  series: SeriesMap<Name, number>,
  type: "counter" | "gauge",
): MetricFamily {
  const { name, help } = series;
  const samples = Array.from(series.entries(), ({ labels, value }) => {
    return { suffix: "", labels, value } as const;
  });
  return { name, help, type, samples };
}
