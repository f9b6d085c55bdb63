import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram, type HistogramOptions } from "./histogram.ts";
import type { MetricFamily, MetricOptions } from "./metric.ts";

interface Metric {
  collect(): MetricFamily;
  remove(match: Readonly<Record<string, string>>): void;
}

/** The metrics of one process, each name once. */
export class MetricRegistry {
  readonly #metrics = new Map<string, Metric>();
  readonly #collectors = new Set<() => void>();
  readonly #dropped: Counter<"metric">;
  readonly #onDrop = (metric: string): void => this.#dropped.add({ metric });

  constructor() {
    const options = {
      name: "metrics_dropped_samples_total",
      help: "Samples that were dropped as their metric has as many series as it may have.",
      labels: ["metric"],
    } as const;
    this.#dropped = this.#add(options.name, new Counter(options, () => undefined));
  }

  /** @throws {RangeError} For a name that is taken or not allowed; so do the other two. */
  counter<Name extends string = never>(options: MetricOptions<Name>): Counter<Name> {
    return this.#add(options.name, new Counter(options, this.#onDrop));
  }

  gauge<Name extends string = never>(options: MetricOptions<Name>): Gauge<Name> {
    return this.#add(options.name, new Gauge(options, this.#onDrop));
  }

  histogram<Name extends string = never>(options: HistogramOptions<Name>): Histogram<Name> {
    return this.#add(options.name, new Histogram(options, this.#onDrop));
  }

  /** Calls `collect` before each exposition, to set what is only known by looking; until `signal` aborts. */
  onCollect(collect: () => void, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#collectors.add(collect);
    signal?.addEventListener("abort", () => this.#collectors.delete(collect), { once: true });
  }

  /** Forgets every series of every metric that has all these label values: what they tell of is gone. */
  removeSeries(match: Readonly<Record<string, string>>): void {
    for (const metric of this.#metrics.values()) metric.remove(match);
  }

  /** Every metric as it is now, by name. */
  collect(): readonly MetricFamily[] {
    for (const collect of this.#collectors) collect();
    const families = Array.from(this.#metrics.values(), (metric) => metric.collect());
    return families.sort(({ name: left }, { name: right }) => (left < right ? -1 : 1));
  }

  #add<T extends Metric>(name: string, metric: T): T {
    if (this.#metrics.has(name)) {
      throw new RangeError(`Cannot make a metric as its name must be new: there is a "${name}"`);
    }
    this.#metrics.set(name, metric);
    return metric;
  }
}
