export type { Labels, MetricFamily, MetricOptions, MetricType, Sample } from "./metric.ts";
export type { Counter } from "./counter.ts";
export type { Gauge } from "./gauge.ts";
export { defaultBuckets, type Histogram, type HistogramOptions } from "./histogram.ts";
export { MetricRegistry } from "./metric-registry.ts";
export {
  chooseExpositionFormat,
  type ExpositionFormat,
  expositionMediaTypes,
  renderMetrics,
} from "./render-metrics.ts";
export { collectProcessMetrics } from "./process-metrics.ts";
