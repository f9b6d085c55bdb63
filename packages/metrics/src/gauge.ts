import { simpleFamily } from "./counter.ts";
import type { Labels, MetricFamily, MetricOptions } from "./metric.ts";
import { SeriesMap } from "./series.ts";

/** Something that rises and falls. */
export class Gauge<Name extends string = never> {
  readonly #series: SeriesMap<Name, number>;

  constructor(options: MetricOptions<Name>, onDrop: (metric: string) => void) {
    this.#series = new SeriesMap(options, onDrop);
  }

  set(labels: Labels<Name>, value: number): void {
    this.#series.update(labels, () => value);
  }

  add(labels: Labels<Name>, by = 1): void {
    this.#series.update(labels, (value = 0) => value + by);
  }

  /** The value now; 0 for a series that has not begun. */
  get(labels: Labels<Name>): number {
    return this.#series.get(labels) ?? 0;
  }

  /** Forgets the series that have all these label values; `{}` forgets all. */
  remove(match: Readonly<Record<string, string>>): void {
    this.#series.remove(match);
  }

  /** What is exposed of it. */
  collect(): MetricFamily {
    return simpleFamily(this.#series, "gauge");
  }
}
