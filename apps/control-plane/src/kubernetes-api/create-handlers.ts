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
import type { MvccStore } from "@cellplane/kv";
import type { MetricRegistry } from "@cellplane/metrics";
import { createMetricsHandler } from "./metrics-handler.ts";

/** Where a server is between start and stop; changes as it goes. */
export interface Readiness {
  readonly isStarted: boolean;
  readonly isShuttingDown: boolean;
}

const rootPaths = [
  "/.well-known/openid-configuration",
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
  readonly store: MvccStore;
  readonly version: string;
  readonly registry: ResourceRegistry;
  readonly readiness: Readiness;
  readonly metrics: MetricRegistry;
}): readonly HttpHandler[] {
  const { registry, readiness, store } = deps;
  const info = computeVersionInfo({
    version: deps.version,
    runtime: process.version,
    platform: `${process.platform}/${process.arch}`,
  });
  const storeCheck = async (): Promise<void> => {
    await store.headRevision();
  };
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
      // The name is the one that clients look for; the store behind it is ours.
      checks: [
        { name: "etcd", check: storeCheck },
        ...createStartupChecks(() => readiness.isStarted),
      ],
    }),
    createMetricsHandler(deps.metrics),
    deps.access.issuerDocuments,
    createRootHandler({ registry, paths: rootPaths }),
  ];
}
