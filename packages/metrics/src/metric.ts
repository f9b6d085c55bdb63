/** The values of a metric's labels, by name. */
export type Labels<Name extends string> = Readonly<Record<Name, string>>;

/** What every metric is made from. */
export interface MetricOptions<Name extends string> {
  /** As Prometheus allows: letters, digits, `_` and `:`; counters end in `_total`. */
  readonly name: string;
  /** One sentence, for people. */
  readonly help: string;
  /** Names of its labels, in the order in which they are written. */
  readonly labels?: readonly Name[];
  /** How many series it may have; samples of further ones are dropped and counted. Default 5000. */
  readonly maxSeries?: number;
}

/** The kinds of metrics. */
export type MetricType = "counter" | "gauge" | "histogram";

/** One line of an exposition: the suffix of its name, its labels and its value. */
export interface Sample {
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** A metric with all its samples, as it is exposed. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly Sample[];
}
