import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import {
  type CredentialSubject,
  keyIdOfCredential,
  KmsError,
  sealedCredential,
  type SecretData,
} from "@cellplane/kms";

/** Opens the data of a sealed Secret. Rejects with a KmsError if they cannot be opened. */
export type OpenSecret = (data: SecretData, of: CredentialSubject) => Promise<SecretData>;

/** A cluster's Secret as it can be read now. */
export type SecretView =
  /** Not sealed, or opened. */
  | { readonly kind: "readable"; readonly secret: KubernetesObject | undefined }
  | { readonly kind: "opening" }
  | { readonly kind: "closed"; readonly message: string; readonly isRetryable: boolean };

interface Attempt {
  readonly version: string;
  view: SecretView;
  failures: number;
  /** Settles when it was tried for the first time. */
  first: Promise<void>;
  timer?: NodeJS.Timeout;
}

const firstRetryMs = 1000;
const lastRetryMs = 30_000;

/**
 * The sealed Secrets of clusters, opened in memory. One that cannot be opened is tried again: its
 * key may be added to the key file, and a plug-in may come back.
 */
export class SealedSecrets implements Disposable {
  readonly #open: OpenSecret | undefined;
  readonly #onChange: (cluster: string) => void;
  readonly #attempts = new Map<string, Attempt>();

  /** `onChange` is told when a cluster's view has become another one by itself. */
  constructor(open: OpenSecret | undefined, onChange: (cluster: string) => void) {
    this.#open = open;
    this.#onChange = onChange;
  }

  /** What can be read of the Secret of `cluster`; begins to open it where that is needed. */
  view(cluster: string, secret: KubernetesObject | undefined): SecretView {
    if (!secret || !isSealed(secret)) {
      this.#forget(cluster);
      return { kind: "readable", secret };
    }
    const { uid = "", resourceVersion = "" } = secret.metadata;
    const version = `${uid} ${resourceVersion}`;
    const known = this.#attempts.get(cluster);
    if (known?.version === version) return known.view;
    this.#forget(cluster);
    const view = { kind: "opening" } as const;
    const attempt: Attempt = { version, view, failures: 0, first: Promise.resolve() };
    this.#attempts.set(cluster, attempt);
    attempt.first = this.#try(cluster, secret, attempt);
    return view;
  }

  /** Resolves once the Secret that was viewed last is opened, or known not to open. */
  async whenTried(cluster: string): Promise<void> {
    await this.#attempts.get(cluster)?.first;
  }

  [Symbol.dispose](): void {
    for (const cluster of Array.from(this.#attempts.keys())) this.#forget(cluster);
  }

  async #try(cluster: string, secret: KubernetesObject, attempt: Attempt): Promise<void> {
    const before = JSON.stringify(attempt.view);
    attempt.view = await this.#opened(cluster, secret);
    // Meanwhile the Secret may have become another one.
    if (this.#attempts.get(cluster) !== attempt) return;
    if (attempt.view.kind === "closed") {
      const delayMs = Math.min(firstRetryMs * 2 ** attempt.failures, lastRetryMs);
      attempt.failures += 1;
      attempt.timer = setTimeout(() => void this.#try(cluster, secret, attempt), delayMs);
    }
    if (JSON.stringify(attempt.view) !== before) this.#onChange(cluster);
  }

  async #opened(cluster: string, secret: KubernetesObject): Promise<SecretView> {
    const { namespace = "", name = "" } = secret.metadata;
    const data = dataOf(secret);
    try {
      const keyId = keyIdOfCredential(data);
      if (!this.#open) {
        return closed(
          `Secret ${JSON.stringify(name)} is sealed under the key id ${JSON.stringify(keyId)}, and this control plane has no key: start it with --envelope-key-file or --envelope-kms`,
        );
      }
      const opened = await this.#open(data, { namespace, name, cluster });
      return { kind: "readable", secret: { ...secret, data: opened } };
    } catch (error) {
      // Nothing but our own errors is told: others might quote what was opened.
      const why = error instanceof KmsError ? error.message : "its content is not readable";
      const message = `Secret ${JSON.stringify(name)} is sealed${under(data)} and cannot be opened: ${why}`;
      return closed(message, error instanceof KmsError && error.isRetryable);
    }
  }

  #forget(cluster: string): void {
    clearTimeout(this.#attempts.get(cluster)?.timer);
    this.#attempts.delete(cluster);
  }
}

/** Whether a Secret says, or shows, that it is sealed. */
function isSealed(secret: KubernetesObject): boolean {
  return secret["type"] === sealedCredential.type || sealedCredential.field in dataOf(secret);
}

function dataOf(secret: KubernetesObject): SecretData {
  const data = secret["data"];
  return isJsonObject(data) ? (data as SecretData) : {};
}

function under(data: SecretData): string {
  try {
    return ` under the key id ${JSON.stringify(keyIdOfCredential(data))}`;
  } catch {
    return "";
  }
}

function closed(message: string, isRetryable: boolean = false): SecretView {
  return { kind: "closed", message, isRetryable };
}
