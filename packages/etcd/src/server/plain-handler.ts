import type { PlainHandler, PlainResponse } from "@cellplane/grpc";
import {
  chooseExpositionFormat,
  expositionMediaTypes,
  type MetricRegistry,
  renderMetrics,
} from "@cellplane/metrics";
import { type EtcdContext, etcdVersion } from "../context/etcd-context.ts";
import type { StoreFigures } from "./store-figures.ts";

/** `/health`, `/livez`, `/readyz`, `/version` and `/metrics`. */
export function createPlainHandler(
  context: EtcdContext,
  { metrics, figures }: { readonly metrics: MetricRegistry; readonly figures: StoreFigures },
): PlainHandler {
  return async ({ method, path, headers }) => {
    if (method !== "GET" && method !== "HEAD") {
      return { status: 405, headers: { allow: "GET" }, body: "Method Not Allowed\n" };
    }
    switch (path.split("?")[0]) {
      case "/health":
        return tellHealth(context);
      case "/livez":
        return { status: 200, body: "ok\n" };
      case "/readyz": {
        const isReady = (await tellHealth(context)).status === 200;
        return isReady ? { status: 200, body: "ok\n" } : { status: 503, body: "not ready\n" };
      }
      case "/version":
        return json(200, { etcdserver: etcdVersion, etcdcluster: "3.6.0" });
      case "/metrics": {
        await figures.refresh();
        const format = chooseExpositionFormat(headers.accept);
        return {
          status: 200,
          headers: { "content-type": expositionMediaTypes[format] },
          body: renderMetrics(metrics.collect(), format),
        };
      }
      default:
        return { status: 404, body: "404 page not found\n" };
    }
  };
}

/** A read that needs the database, as etcd's health needs its leader. */
async function tellHealth({ store, alarm }: EtcdContext): Promise<PlainResponse> {
  try {
    await store.range({ key: Buffer.from("health") });
    if (alarm.isRaised) return json(503, { health: "false", reason: "ALARM NOSPACE" });
    return json(200, { health: "true", reason: "" });
  } catch {
    return json(503, { health: "false", reason: "RANGE ERROR" });
  }
}

function json(status: number, value: Readonly<Record<string, string>>): PlainResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
