import { setTimeout } from "node:timers/promises";
import { context, propagation, trace } from "@opentelemetry/api";
import type { Logger } from "@cellplane/apiserver";
import { ServerError } from "../options/server-error.ts";
import { version } from "../version.ts";
import { readTracingConfig, type TracingConfig } from "./tracing-config.ts";

const packages = [
  "@opentelemetry/sdk-trace",
  "@opentelemetry/context-async-hooks",
  "@opentelemetry/exporter-trace-otlp-grpc",
  "@opentelemetry/core",
  "@opentelemetry/resources",
];

/** How long the spans that are left may take. */
const shutdownWithinMs = 2000;

/** Traces this process as a file says; without one nothing is recorded, and nothing loaded. */
export async function startTracing(
  configFile: string | undefined,
  service: string,
  logger: Logger,
): Promise<AsyncDisposable> {
  if (configFile === undefined) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  const config = readTracingConfig(configFile);
  const sdk = await loadSdk();
  const exporter = new sdk.OTLPTraceExporter({ url: `http://${config.endpoint}` });
  const provider = new sdk.TracerProvider({
    resource: sdk
      .defaultResource()
      .merge(sdk.resourceFromAttributes({ "service.name": service, "service.version": version })),
    sampler: new sdk.ParentBasedSampler({
      root: new sdk.TraceIdRatioBasedSampler(config.samplingRatePerMillion / 1_000_000),
    }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  context.setGlobalContextManager(new sdk.AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new sdk.W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  logger.info({ ...config } satisfies TracingConfig, "tracing");
  return {
    [Symbol.asyncDispose]: async () => {
      // A collector that is away must not hold up the end.
      const shutDown = provider.shutdown().catch(() => undefined);
      await Promise.race([shutDown, setTimeout(shutdownWithinMs, undefined, { ref: false })]);
      trace.disable();
      propagation.disable();
      context.disable();
    },
  };
}

// They are large, and needed by those alone who trace.
async function loadSdk() {
  try {
    const [traces, hooks, otlp, core, resources] = await Promise.all([
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/context-async-hooks"),
      import("@opentelemetry/exporter-trace-otlp-grpc"),
      import("@opentelemetry/core"),
      import("@opentelemetry/resources"),
    ]);
    return { ...traces, ...hooks, ...otlp, ...core, ...resources };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) {
      throw error;
    }
    throw new ServerError(
      `Cannot trace as packages are not installed: npm install ${packages.join(" ")}`,
    );
  }
}
