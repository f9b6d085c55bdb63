import { setTimeout as delay } from "node:timers/promises";
import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { Logger } from "../request/logger.ts";
import {
  belongsTo,
  fillTokenSecret,
  type TokenSecretContent,
  wantedAccount,
} from "./token-secret.ts";

/** Wait before another try of what failed. */
const retryMs = 1000;

/** What the controller works with. */
export interface TokenSecretControllerOptions extends TokenSecretContent {
  readonly objects: ObjectAccess;
  readonly logger: Logger;
}

interface SecretKey {
  readonly namespace: string;
  readonly name: string;
  /** The service account, by the Secret's annotation. */
  readonly account: string;
}

/**
 * Fills Secrets of type `kubernetes.io/service-account-token` and deletes those whose service
 * account is gone. Runs until `signal` aborts, and never rejects.
 */
export async function runTokenSecretController(
  options: TokenSecretControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await followSecrets(options, signal);
    } catch (error) {
      if (signal.aborted) return;
      options.logger.warn({ err: error }, "Cannot follow the token secrets");
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function followSecrets(
  options: TokenSecretControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { objects } = options;
  const known = new Map<string, SecretKey>();
  const pending = new Map<string, SecretKey>();
  let wake = Promise.withResolvers<void>();
  const enqueue = (key: SecretKey): void => {
    pending.set(idOf(key), key);
    wake.resolve();
  };
  const enqueueOf = ({ metadata }: KubernetesObject): void => {
    for (const key of known.values()) {
      if (key.namespace === metadata.namespace && key.account === metadata.name) enqueue(key);
    }
  };
  using watches = new DisposableStack();
  watches.use(
    await objects.watch(
      { group: "", resource: "secrets" },
      {
        onPut: (secret) => {
          const key = readKey(secret);
          if (!key) return;
          known.set(idOf(key), key);
          enqueue(key);
        },
        onDelete: ({ metadata: { namespace = "", name = "" } }) => {
          known.delete(idOf({ namespace, name }));
        },
      },
    ),
  );
  watches.use(
    await objects.watch(
      { group: "", resource: "serviceaccounts" },
      { onPut: enqueueOf, onDelete: enqueueOf },
    ),
  );
  signal.addEventListener("abort", () => wake.resolve(), { once: true });
  while (!signal.aborted) {
    await wake.promise;
    wake = Promise.withResolvers();
    if (signal.aborted) return;
    const batch = Array.from(pending.values());
    pending.clear();
    // Unreferenced, and without effect once this loop has ended.
    for (const key of await workOff(batch, options)) setTimeout(enqueue, retryMs, key).unref();
  }
}

/** Tries each once, and tells which failed. */
async function workOff(
  batch: readonly SecretKey[],
  options: TokenSecretControllerOptions,
): Promise<readonly SecretKey[]> {
  const failed: SecretKey[] = [];
  for (const key of batch) {
    try {
      await reconcile(key, options);
    } catch (error) {
      failed.push(key);
      options.logger.warn({ err: error, secret: idOf(key) }, "Cannot fill a token secret");
    }
  }
  return failed;
}

async function reconcile(key: SecretKey, options: TokenSecretControllerOptions): Promise<void> {
  const { objects } = options;
  const { namespace, name } = key;
  const secrets = { group: "", resource: "secrets", namespace };
  const secret = await objects.get(secrets, name);
  const wanted = secret && wantedAccount(secret);
  if (!secret || wanted === undefined || secret.metadata.deletionTimestamp !== undefined) return;
  const account = await objects.get({ ...secrets, resource: "serviceaccounts" }, wanted);
  try {
    if (!account || !belongsTo(secret, account)) await objects.delete(secrets, name);
    else {
      await objects.update(secrets, name, (current) => fillTokenSecret(current, account, options));
    }
  } catch (error) {
    // Somebody else deleted it.
    if (!isStatus(error, "NotFound")) throw error;
  }
}

function readKey(secret: KubernetesObject): SecretKey | undefined {
  const account = wantedAccount(secret);
  const { namespace = "", name = "" } = secret.metadata;
  return account === undefined || account === "" ? undefined : { namespace, name, account };
}

function idOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
