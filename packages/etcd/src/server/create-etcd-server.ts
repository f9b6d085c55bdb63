import { tmpdir } from "node:os";
import type { TlsOptions } from "node:tls";
import { type CallErrorReporter, GrpcServer, type GrpcHandler } from "@cellplane/grpc";
import type { MvccStore } from "@cellplane/kv";
import { MetricRegistry } from "@cellplane/metrics";
import { createElectionService } from "../concurrency/election-service.ts";
import { createLockService } from "../concurrency/lock-service.ts";
import { EtcdContext } from "../context/etcd-context.ts";
import { defaultLimits, type EtcdLimits, maxMessageBytes } from "../context/etcd-limits.ts";
import { createClusterService } from "../services/cluster-service.ts";
import { createHealthService } from "../services/health-service.ts";
import { createKvService } from "../services/kv-service.ts";
import { createLeaseService } from "../services/lease-service.ts";
import { createMaintenanceService } from "../services/maintenance-service.ts";
import { createWatchService } from "../watch/watch-service.ts";
import { countCalls } from "./count-calls.ts";
import { createPlainHandler } from "./plain-handler.ts";
import { StoreFigures } from "./store-figures.ts";

/** How the facade is served. */
export interface EtcdServerOptions {
  /** Told to clients as the member's addresses. */
  readonly clientUrls: readonly string[];
  readonly tls?: TlsOptions;
  /** Limits other than etcd's; the store must have been opened with the same quota. */
  readonly limits?: Partial<EtcdLimits>;
  /** Most calls at a time on one connection. No limit unless given, as in etcd. */
  readonly maxConcurrentStreams?: number;
  /** Default: ten minutes, as in etcd. */
  readonly progressNotifyIntervalMs?: number;
  /** Where a snapshot is kept until it is sent, all of the store's data. Default: the system's temporary folder. */
  readonly snapshotDir?: string;
  /** Exposed at `/metrics`; made here unless given. */
  readonly metrics?: MetricRegistry;
  readonly onError: CallErrorReporter;
}

const defaultProgressNotifyIntervalMs = 600_000;

/** etcd's v3 API over a store, with `/health` and `/metrics` beside it. The store stays the caller's. */
export async function createEtcdServer(
  store: MvccStore,
  options: EtcdServerOptions,
): Promise<GrpcServer> {
  const { clientUrls, metrics = new MetricRegistry(), maxConcurrentStreams } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const context = new EtcdContext(store, { status: await store.status(), clientUrls, limits });
  const figures = new StoreFigures(context, metrics);
  const handlers: readonly GrpcHandler[] = [
    ...createKvService(context),
    ...createWatchService(context, {
      progressNotifyIntervalMs: options.progressNotifyIntervalMs ?? defaultProgressNotifyIntervalMs,
      onStreams: (change) => figures.countStreams(change),
    }),
    ...createLeaseService(context),
    ...createMaintenanceService(context, options.snapshotDir ?? tmpdir()),
    ...createClusterService(context),
    ...createLockService(context),
    ...createElectionService(context),
    ...createHealthService(),
  ];
  return new GrpcServer({
    handlers: countCalls(handlers, metrics),
    plain: createPlainHandler(context, { metrics, figures }),
    maxReceiveBytes: maxMessageBytes(limits),
    onError: options.onError,
    ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
    ...(options.tls ? { tls: options.tls } : {}),
  });
}
