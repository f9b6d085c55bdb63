import type { HttpHandler } from "@cellplane/apiserver";
import {
  chooseExpositionFormat,
  expositionMediaTypes,
  type MetricRegistry,
  renderMetrics,
} from "@cellplane/metrics";

/**
 * Serves `/metrics` to whoever may `get` that path: a ClusterRole with `nonResourceURLs:
 * ["/metrics"]`, such as Kubernetes' `system:monitoring`.
 */
export function createMetricsHandler(registry: MetricRegistry): HttpHandler {
  return {
    handles: (path) => path === "/metrics",
    handle: ({ headers }) => {
      const format = chooseExpositionFormat(headers["accept"]);
      return {
        status: 200,
        headers: { "content-type": expositionMediaTypes[format] },
        body: renderMetrics(registry.collect(), format),
      };
    },
  };
}
