import {
  type AccessControl,
  computeVersionInfo,
  createDiscoveryHandler,
  createHealthHandler,
  createOpenApiHandler,
  createRootHandler,
  createStartupChecks,
  createVersionHandler,
  findBuiltinDefinition,
  type HttpHandler,
  type ResourceRegistry,
} from "@cellplane/apiserver";
import type { MetricRegistry } from "@cellplane/metrics";
import { createMetricsHandler } from "./metrics-handler.ts";
import type { OpenedEncryption } from "./open-encryption.ts";
import type { StoreWatch } from "./store-watch.ts";

/** Where a server is between start and stop; changes as it goes. */
export interface Readiness {
  readonly isStarted: boolean;
  readonly isShuttingDown: boolean;
}

const rootPaths = [
  "/.well-known/openid-configuration",
  "/encryption",
  "/healthz",
  "/livez",
  "/metrics",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/",
  "/openid/v1/jwks",
  "/readyz",
  "/version",
];

/** What answers the paths that are no resources. */
export function createHandlers(deps: {
  readonly access: AccessControl;
  readonly storeWatch: StoreWatch;
  readonly encryption: OpenedEncryption;
  readonly version: string;
  readonly registry: ResourceRegistry;
  readonly readiness: Readiness;
  readonly metrics: MetricRegistry;
}): readonly HttpHandler[] {
  const { registry, readiness, storeWatch, encryption } = deps;
  const info = computeVersionInfo({
    version: deps.version,
    runtime: process.version,
    platform: `${process.platform}/${process.arch}`,
  });
  return [
    createDiscoveryHandler(registry),
    createOpenApiHandler({
      registry,
      findDefinition: findBuiltinDefinition,
      version: info.gitVersion,
    }),
    createVersionHandler(info),
    createHealthHandler({
      isShuttingDown: () => readiness.isShuttingDown,
      checks: [
        // A process whose database is away is alive: to restart it would not help.
        { name: "datastore", endpoints: ["readyz"], check: storeWatch.check, tellsReason: true },
        // The name is the one that clients look for; the store behind it is ours.
        { name: "etcd", endpoints: ["healthz", "readyz"], check: storeWatch.check },
        ...encryption.checks,
        ...createStartupChecks(() => readiness.isStarted),
      ],
    }),
    createMetricsHandler(deps.metrics),
    encryption.handler,
    deps.access.issuerDocuments,
    createRootHandler({ registry, paths: rootPaths }),
  ];
}
