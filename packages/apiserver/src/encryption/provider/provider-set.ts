import type { GroupResource } from "@cellplane/apimachinery";
import { KmsPlugin } from "@cellplane/kms";
import { createAesCbcCipher } from "../cipher/aes-cbc-cipher.ts";
import { createAesGcmCipher } from "../cipher/aes-gcm-cipher.ts";
import { createSecretboxCipher } from "../cipher/secretbox-cipher.ts";
import type { ValueCipher } from "../cipher/value-cipher.ts";
import { ConfigurationError } from "../configuration/configuration-error.ts";
import type {
  EncryptionConfiguration,
  KeysConfiguration,
  KmsConfiguration,
  ProviderConfiguration,
} from "../configuration/encryption-configuration.ts";
import { formatResourcePattern, parseResourcePattern } from "../configuration/resource-pattern.ts";
import { decodeKey } from "../configuration/validate-keys.ts";
import { identityProvider } from "./identity-provider.ts";
import { type KmsEvents, KmsProvider } from "./kms-provider.ts";
import { ProviderChain } from "./provider-chain.ts";
import { createKeyProvider, type ValueProvider } from "./value-provider.ts";

/** What a configuration is made into. */
export interface ProviderSetOptions {
  readonly nowMs: () => number;
  readonly events?: KmsEvents;
}

/** The providers of one configuration. */
export class ProviderSet implements AsyncDisposable {
  readonly kms: readonly KmsProvider[];
  /** Names of resources as configured, in order. */
  readonly resources: readonly string[];
  /** The sum of the time limits of all key services. */
  readonly timeoutMs: number;
  readonly #chains: ReadonlyMap<string, ProviderChain>;

  /** @throws {ConfigurationError} If a resource is named where an earlier entry has caught it. */
  constructor(configuration: EncryptionConfiguration, options: ProviderSetOptions) {
    const kms: KmsProvider[] = [];
    const providers = new Map<string, ValueProvider[]>();
    for (const entry of configuration.resources) {
      const own = entry.providers.flatMap((each) => createProviders(each, options));
      kms.push(...own.filter((each) => each instanceof KmsProvider));
      for (const name of entry.resources) addProviders(providers, name, own);
    }
    this.kms = kms;
    this.resources = Array.from(providers.keys());
    this.timeoutMs = configuration.resources
      .flatMap((entry) => entry.providers)
      .reduce((sum, each) => sum + (each.kms?.timeoutMs ?? 0), 0);
    this.#chains = new Map(Array.from(providers, ([name, own]) => [name, new ProviderChain(own)]));
  }

  /** The providers of a resource: those of its own name, of its group, of everything; or none. */
  chainOf({ group, resource }: GroupResource): ProviderChain | undefined {
    return (
      this.#chains.get(formatResourcePattern({ group, resource })) ??
      this.#chains.get(formatResourcePattern({ group, resource: "*" })) ??
      this.#chains.get("*.*")
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.kms.map((each) => each[Symbol.asyncDispose]()));
  }
}

function addProviders(
  all: Map<string, ValueProvider[]>,
  name: string,
  own: readonly ValueProvider[],
): void {
  const { group } = parseResourcePattern(name);
  for (const earlier of [formatResourcePattern({ group, resource: "*" }), "*.*"]) {
    if (!all.has(earlier)) continue;
    throw new ConfigurationError(`resource "${name}" is masked by earlier rule "${earlier}"`);
  }
  all.set(name, [...(all.get(name) ?? []), ...own]);
}

function createProviders(
  { aesgcm, aescbc, secretbox, kms }: ProviderConfiguration,
  options: ProviderSetOptions,
): readonly ValueProvider[] {
  if (aesgcm) return createKeyProviders(aesgcm, "k8s:enc:aesgcm:v1:", createAesGcmCipher);
  if (aescbc) return createKeyProviders(aescbc, "k8s:enc:aescbc:v1:", createAesCbcCipher);
  if (secretbox) {
    return createKeyProviders(secretbox, "k8s:enc:secretbox:v1:", createSecretboxCipher);
  }
  return [kms ? createKmsProvider(kms, options) : identityProvider];
}

function createKeyProviders(
  { keys }: KeysConfiguration,
  family: string,
  createCipher: (key: Uint8Array) => ValueCipher,
): readonly ValueProvider[] {
  return keys.map(({ name, secret }) => {
    const bytes = decodeKey(secret);
    if (!bytes) throw new ConfigurationError(`could not obtain secret for named key ${name}`);
    return createKeyProvider({ family, key: name }, createCipher(bytes));
  });
}

function createKmsProvider(
  { name, endpoint, timeoutMs }: KmsConfiguration,
  { nowMs, events }: ProviderSetOptions,
): KmsProvider {
  // Each probe is a question: how old an answer may be is decided by who probes.
  const key = new KmsPlugin({ endpoint, timeoutMs, statusAgeMs: 0, nowMs });
  return new KmsProvider({ name, key, nowMs, ...(events && { events }) });
}
