import { setTimeout as delay } from "node:timers/promises";
import { StatusError } from "@cellplane/apimachinery";
import {
  type Encryption,
  type HealthCheck,
  isKeyServiceAway,
  type Logger,
  openWaitingServer,
  type Pki,
} from "@cellplane/apiserver";
import { createStateHandlers, type StateDependencies } from "./create-handlers.ts";
import { urlOf } from "./server-address.ts";

// Between two starts that failed although the key services said that they are well.
const firstRetryMs = 200;
const lastRetryMs = 5000;

/** What waiting for key services takes. */
export interface WaitingDependencies extends Omit<StateDependencies, "startup" | "readiness"> {
  readonly listen: { readonly host: string; readonly port: number };
  readonly pki: Pki;
  readonly logger: Logger;
  /** Told where it waits, once. */
  readonly onWaiting: (url: string) => Promise<void>;
}

/** Starts once: everything that it opens goes into `opened`. */
export type Start<T> = (
  listen: { readonly host: string; readonly port: number },
  opened: AsyncDisposableStack,
) => Promise<T>;

/**
 * Starts a server. Where that takes objects whose key service is away, health is served in its place until
 * the service is back, and the server is started then.
 */
export async function startWhenReadable<T>(
  start: Start<T>,
  deps: WaitingDependencies,
  opened: AsyncDisposableStack,
): Promise<T> {
  let { listen } = deps;
  let waitMs = firstRetryMs;
  for (;;) {
    try {
      return await startOnce(start, listen, opened);
    } catch (error) {
      const { encryption } = deps.encryption;
      if (!encryption || !isKeyServiceAway(error)) throw error;
      listen = await awaitKeys({ ...deps, listen }, { error, waitMs, encryption });
      waitMs = Math.min(2 * waitMs, lastRetryMs);
    }
  }
}

async function startOnce<T>(
  start: Start<T>,
  listen: WaitingDependencies["listen"],
  opened: AsyncDisposableStack,
): Promise<T> {
  await using attempt = new AsyncDisposableStack();
  const started = await start(listen, attempt);
  opened.use(attempt.move());
  return started;
}

/** Serves health until all key services are well; tells where. */
async function awaitKeys(
  deps: WaitingDependencies,
  why: { readonly error: unknown; readonly waitMs: number; readonly encryption: Encryption },
): Promise<WaitingDependencies["listen"]> {
  const { logger, pki, onWaiting } = deps;
  const notStarted: HealthCheck = {
    name: "informer-sync",
    // Alive all the same: to restart it would not help.
    endpoints: ["healthz", "readyz"],
    check: () => {
      throw new Error("the start waits for key services");
    },
    tellsReason: true,
  };
  const handlers = createStateHandlers({
    ...deps,
    readiness: { isShuttingDown: false },
    startup: [notStarted],
  });
  await using waiting = await openWaitingServer({
    listen: deps.listen,
    tls: { key: pki.server.key, cert: pki.server.certificate, clientCa: pki.ca },
    handlers,
    refusal,
    logger,
    nowMs: Date.now,
  });
  const listen = { ...deps.listen, port: waiting.port };
  const url = urlOf(listen);
  logger.error({ err: why.error, url }, "the start waits for key services");
  await onWaiting(url);
  await delay(why.waitMs);
  await why.encryption.awaitWell(new AbortController().signal);
  return listen;
}

function refusal(): StatusError {
  return new StatusError(
    "ServiceUnavailable",
    "the server cannot start yet as it must read or write encrypted objects, and a key service is away or not well; see /readyz",
    { details: { retryAfterSeconds: 1, causes: [{ reason: "KmsUnavailable" }] } },
  );
}
