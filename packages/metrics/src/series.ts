import type { Labels, MetricOptions, Sample } from "./metric.ts";

const defaultMaxSeries = 5000;
const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelPattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
// No label value of ours holds it, and one that does only merges two series.
const separator = "\u0000";

interface Series<Value> {
  readonly labels: Sample["labels"];
  value: Value;
}

/** The series of one metric, by their label values; never more of them than allowed. */
export class SeriesMap<Name extends string, Value> {
  readonly name: string;
  readonly help: string;
  readonly #names: readonly Name[];
  readonly #maxSeries: number;
  readonly #onDrop: (metric: string) => void;
  readonly #series = new Map<string, Series<Value>>();

  /** @throws {RangeError} For a name that Prometheus does not allow. */
  constructor(options: MetricOptions<Name>, onDrop: (metric: string) => void) {
    const { name, help, labels = [], maxSeries = defaultMaxSeries } = options;
    const wrong = [
      ...(namePattern.test(name) ? [] : [name]),
      ...labels.filter((label) => !labelPattern.test(label) || label === "le"),
    ];
    if (wrong.length > 0) {
      throw new RangeError(
        `Cannot make a metric as its names must be plain: "${wrong.join(", ")}"`,
      );
    }
    this.name = name;
    this.help = help;
    this.#names = labels;
    this.#maxSeries = maxSeries;
    this.#onDrop = onDrop;
  }

  /** Changes the value of a series, which begins at what `change` makes of `undefined`. */
  update(labels: Labels<Name>, change: (value: Value | undefined) => Value): void {
    const key = this.#keyOf(labels);
    const series = this.#series.get(key);
    if (series) {
      series.value = change(series.value);
      return;
    }
    if (this.#series.size >= this.#maxSeries) {
      this.#onDrop(this.name);
      return;
    }
    const pairs = this.#names.map((name) => [name, labels[name]] as const);
    this.#series.set(key, { labels: pairs, value: change(undefined) });
  }

  get(labels: Labels<Name>): Value | undefined {
    return this.#series.get(this.#keyOf(labels))?.value;
  }

  /** Forgets the series that have all these label values; of labels it does not have, none. */
  remove(match: Readonly<Record<string, string>>): void {
    const wanted = Object.entries(match);
    const names: readonly string[] = this.#names;
    if (!wanted.every(([name]) => names.includes(name))) return;
    for (const [key, { labels }] of this.#series) {
      const own = new Map(labels);
      if (wanted.every(([name, value]) => own.get(name) === value)) this.#series.delete(key);
    }
  }

  /** Each series, in the order in which they began. */
  *entries(): Iterable<{ readonly labels: Sample["labels"]; readonly value: Value }> {
    yield* this.#series.values();
  }

  #keyOf(labels: Labels<Name>): string {
    const [first, ...more] = this.#names;
    if (first === undefined) return "";
    if (more.length === 0) return labels[first];
    return this.#names.map((name) => labels[name]).join(separator);
  }
}
