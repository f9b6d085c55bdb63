import { once } from "node:events";
import { createEtcdServer } from "@cellplane/etcd";
import type { GrpcServer } from "@cellplane/grpc";
import { collectProcessMetrics, MetricRegistry } from "@cellplane/metrics";
import { createLogger } from "../kubernetes-api/create-logger.ts";
import { openDatastore } from "../kubernetes-api/open-datastore.ts";
import { openStoreWatch } from "../kubernetes-api/store-watch.ts";
import { prepareDataDir } from "../options/prepare-data-dir.ts";
import { ServerError } from "../options/server-error.ts";
import type { ServerOptions } from "../options/server-options.ts";
import { TellingStore } from "../store/telling-store.ts";
import { parseEtcdUrl } from "./parse-etcd-url.ts";
import type { EtcdCommandLimits } from "./read-etcd-limits.ts";
import { type EtcdTlsFiles, readEtcdTls } from "./read-etcd-tls.ts";

/** What `etcd` is told. */
export interface EtcdOptions extends EtcdTlsFiles {
  readonly dataDir: string;
  readonly datastore: ServerOptions["datastore"];
  /** `http://` or `https://`, host and port. */
  readonly listen: string;
  readonly advertiseClientUrl?: string;
  readonly progressNotifyIntervalMs: number;
  readonly limits: EtcdCommandLimits;
  readonly logLevel: string;
}

const graceMs = 2000;

/** Serves a datastore as etcd until SIGTERM or SIGINT. */
export async function runEtcd(options: EtcdOptions): Promise<void> {
  const url = parseEtcdUrl(options.listen);
  const tls = readEtcdTls(url.isSecure, options);
  const logger = createLogger(options.logLevel, "etcd");
  prepareDataDir(options.dataDir);
  await using opened = new AsyncDisposableStack();
  const { quotaBackendBytes, maxRequestBytes, maxTxnOps, maxConcurrentStreams } = options.limits;
  const store = await openDatastore(options, opened, {
    maxTxnOperations: maxTxnOps,
    ...(quotaBackendBytes > 0 ? { quotaBytes: quotaBackendBytes } : {}),
  });
  const metrics = new MetricRegistry();
  collectProcessMetrics(metrics);
  const watch = opened.use(openStoreWatch({ store, logger, metrics }));
  const server = await createEtcdServer(new TellingStore(store, watch.note), {
    clientUrls: [options.advertiseClientUrl ?? options.listen],
    metrics,
    progressNotifyIntervalMs: options.progressNotifyIntervalMs,
    limits: { maxRequestBytes, quotaBytes: quotaBackendBytes },
    maxConcurrentStreams,
    snapshotDir: options.dataDir,
    onError: (err, call) => logger.error({ err, ...call }, "call failed"),
    ...(tls ? { tls } : {}),
  });
  const port = await listen(server, url);
  const stopping = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  process.stdout.write(`etcd API ready at ${url.scheme}://${url.hostText}:${port}\n`);
  await stopping;
  await server.close(graceMs);
}

async function listen(
  server: GrpcServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  try {
    const bound = await server.listen({ host, port });
    return "port" in bound ? bound.port : port;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new ServerError(`Cannot listen on ${host} port ${port}: ${code}`, { cause: error });
  }
}
