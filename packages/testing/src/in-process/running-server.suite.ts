import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AdmissionPlugin, Logger } from "@cellplane/apiserver";
import type { RestClient } from "@cellplane/client";
import { Inspector } from "@cellplane/controllers";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { createFederationExtension } from "../../../../apps/control-plane/src/federation/federation-extension.ts";
import { createApiControllers } from "../../../../apps/control-plane/src/kubernetes-api/api-controllers.ts";
import {
  type KubernetesApi,
  openKubernetesApi,
} from "../../../../apps/control-plane/src/kubernetes-api/kubernetes-api.ts";
import { connectOwn } from "../../../../apps/control-plane/src/kubernetes-api/serve-until-signal.ts";

const ignore = (): undefined => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A whole API server in this process, over memory, with the controllers that every API needs. */
export interface RunningServer extends AsyncDisposable {
  readonly api: KubernetesApi;
  readonly url: string;
  /** As the administrator. */
  readonly client: RestClient;
  readonly kubeconfig: string;
  readonly folder: string;
  /** Of a control plane: for the controllers that are to be asked. */
  readonly inspector: Inspector;
}

/** What may differ from a server over memory in a folder of its own. */
export interface ServerSettings {
  /** Kept when the server is closed, and with it what SQLite stored there. */
  readonly folder?: string;
  readonly auditLogPath?: string;
  /** Asked about each write to a member. */
  readonly admission?: AdmissionPlugin;
}

/** Starts a member, or a control plane whose federation controllers are not running. */
export async function startServer(
  kind: "member" | "control-plane",
  settings: ServerSettings = {},
): Promise<RunningServer> {
  const folder = settings.folder ?? (await mkdtemp(join(tmpdir(), `cellplane-${kind}-`)));
  await using opened = new AsyncDisposableStack();
  if (settings.folder === undefined) {
    opened.defer(() => rm(folder, { recursive: true, force: true }));
  }
  const { admission } = settings;
  const inspector = new Inspector();
  const api = opened.use(
    await openKubernetesApi({
      name: kind,
      dataDir: folder,
      listen: { host: "127.0.0.1", port: 0 },
      datastore: settings.folder === undefined ? "memory" : "sqlite",
      ...(settings.auditLogPath === undefined ? {} : { auditLogPath: settings.auditLogPath }),
      logLevel: "error",
      logger: silent,
      version: "0.0.0",
      extension:
        kind === "control-plane"
          ? createFederationExtension(inspector)
          : admission === undefined
            ? {}
            : { admission: () => [admission] },
    }),
  );
  const own = opened.use(connectOwn(api, "controllers"));
  const stop = new AbortController();
  const deps = { client: own, caBundle: api.pki.ca, nowMs: Date.now, onError: ignore };
  const running = createApiControllers(deps).map((controller) => controller.run(stop.signal));
  opened.defer(async () => {
    stop.abort();
    await Promise.all(running);
  });
  const { connection } = await loadKubeconfig({ file: api.kubeconfig });
  const client = opened.use(connectRestClient(connection, { userAgent: "test" }));
  api.setReady();
  const whole = opened.move();
  return {
    api,
    url: api.server.url,
    client,
    kubeconfig: api.kubeconfig,
    folder,
    inspector,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
