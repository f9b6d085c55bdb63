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
  type HealthCheck,
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

/** What tells how a server is. */
export interface StateDependencies {
  readonly storeWatch: StoreWatch;
  readonly encryption: OpenedEncryption;
  readonly version: string;
  readonly readiness: Pick<Readiness, "isShuttingDown">;
  /** What shows that the start is over. */
  readonly startup: readonly HealthCheck[];
}

/** What answers the paths that are no resources. */
export function createHandlers(
  deps: Omit<StateDependencies, "startup"> & {
    readonly readiness: Readiness;
    readonly access: AccessControl;
    readonly registry: ResourceRegistry;
    readonly metrics: MetricRegistry;
  },
): readonly HttpHandler[] {
  const { registry, readiness } = deps;
  const startup = createStartupChecks(() => readiness.isStarted);
  return [
    createDiscoveryHandler(registry),
    createOpenApiHandler({
      registry,
      findDefinition: findBuiltinDefinition,
      version: versionInfoOf(deps.version).gitVersion,
    }),
    ...createStateHandlers({ ...deps, startup }),
    createMetricsHandler(deps.metrics),
    deps.encryption.handler,
    deps.access.issuerDocuments,
    createRootHandler({ registry, paths: rootPaths }),
  ];
}

/** What tells a server's version and health, before it serves anything else, too. */
export function createStateHandlers({
  readiness,
  storeWatch,
  encryption,
  version,
  startup,
}: StateDependencies): readonly HttpHandler[] {
  return [
    createVersionHandler(versionInfoOf(version)),
    createHealthHandler({
      isShuttingDown: () => readiness.isShuttingDown,
      checks: [
        // A process whose database is away is alive: to restart it would not help.
        { name: "datastore", endpoints: ["readyz"], check: storeWatch.check, tellsReason: true },
        // The name is the one that clients look for; the store behind it is ours.
        { name: "etcd", endpoints: ["healthz", "readyz"], check: storeWatch.check },
        ...encryption.checks,
        ...startup,
      ],
    }),
  ];
}

function versionInfoOf(version: string): ReturnType<typeof computeVersionInfo> {
  return computeVersionInfo({
    version,
    runtime: process.version,
    platform: `${process.platform}/${process.arch}`,
  });
}
