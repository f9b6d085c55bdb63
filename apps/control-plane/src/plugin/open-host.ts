import type { Logger } from "@cellplane/apiserver";
import { abortableDelay, type RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { adaptHost } from "./host/adapt-host.ts";
import { HostFiles } from "./host/host-files.ts";
import { describeMissing, detectHostFeatures, type HostFeatures } from "./host/host-features.ts";
import { readOwnUser } from "./host/host-identity.ts";

const retryMs = 1000;

/** Which host, and what stands in for what it does not serve. */
export interface HostOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly systemNamespace: string;
  readonly credentialsDir?: string;
  readonly namespacesFile?: string;
  /** Who these controllers are to the host. Default: as the host, or the certificate, says. */
  readonly controllerUser?: string;
}

/** A host that has answered. */
export interface Host extends AsyncDisposable {
  /** Serves namespaces and Secrets from files where the host does not. */
  readonly client: RestClient;
  readonly features: HostFeatures;
  readonly missing: readonly string[];
  /** The users that our own controllers are. */
  readonly controllerUsers: ReadonlySet<string>;
  /** Keeps up with the files until `signal` aborts. */
  follow(signal: AbortSignal): Promise<void>;
}

/** Connects to a host, however long it takes to answer; `undefined` where `signal` aborts first. */
export async function openHost(
  options: HostOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<Host | undefined> {
  const { connection } = await loadKubeconfig({
    ...(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  await using opened = new AsyncDisposableStack();
  const raw = opened.use(
    connectRestClient(connection, { userAgent: "cellplane-controller-manager" }),
  );
  const asked = await untilAnswered(
    async () => ({
      features: await detectHostFeatures(raw, signal),
      user:
        options.controllerUser ?? (await readOwnUser(raw, connection.clientCertificate, signal)),
    }),
    logger,
    signal,
  );
  if (!asked) return undefined;
  const { features, user } = asked;
  const missing = describeMissing(features);
  for (const text of missing) logger.warn({ host: raw.server }, text);
  const files = new HostFiles({
    credentialsDir: options.credentialsDir,
    namespacesFile: options.namespacesFile,
    systemNamespace: options.systemNamespace,
    logger,
  });
  await files.read();
  const whole = opened.move();
  return {
    client: adaptHost(raw, features, files),
    features,
    missing,
    controllerUsers: new Set(user === undefined ? [] : [user]),
    follow: (each) => files.follow(each),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function untilAnswered<T>(
  ask: () => Promise<T>,
  logger: Logger,
  signal: AbortSignal,
): Promise<T | undefined> {
  let told = "";
  while (!signal.aborted) {
    try {
      return await ask();
    } catch (err) {
      const text = err instanceof Error ? err.message : String(err);
      if (text !== told && !signal.aborted) logger.warn({ err }, "the host does not answer yet");
      told = text;
      await abortableDelay(retryMs, signal);
    }
  }
  return undefined;
}
