import { type FieldError, invalid, required } from "@cellplane/apimachinery";
import { formatDuration } from "./duration.ts";
import type {
  EncryptedResources,
  EncryptionConfiguration,
  KmsConfiguration,
  ProviderConfiguration,
} from "./encryption-configuration.ts";
import { validateKeys } from "./validate-keys.ts";
import { validateResources } from "./validate-resources.ts";

const aesKeyBytes: readonly number[] = [16, 24, 32];
const secretboxKeyBytes: readonly number[] = [32];

/** Every broken rule, with its path, in Kubernetes' words. No secret is shown. */
export function validateConfiguration(
  configuration: EncryptionConfiguration,
): readonly FieldError[] {
  if (configuration.resources.length === 0) {
    return [required("resources", "at least one resources is required")];
  }
  const kmsNames = new Set<string>();
  return configuration.resources.flatMap((entry, at) =>
    validateEntry(entry, `resources[${at}]`, kmsNames),
  );
}

function validateEntry(
  entry: EncryptedResources,
  path: string,
  kmsNames: Set<string>,
): readonly FieldError[] {
  const [resources, providers] = [`${path}.resources`, `${path}.providers`];
  const errors: FieldError[] = [];
  if (entry.resources.length === 0) {
    errors.push(required(resources, `at least one ${resources} is required`));
  }
  errors.push(...validateResources(entry.resources, resources));
  if (entry.providers.length === 0) {
    errors.push(required(providers, `at least one ${providers} is required`));
  }
  for (const [at, provider] of entry.providers.entries()) {
    errors.push(...validateProvider(provider, `${providers}[${at}]`, kmsNames));
  }
  return errors;
}

function validateProvider(
  provider: ProviderConfiguration,
  path: string,
  kmsNames: Set<string>,
): readonly FieldError[] {
  const { kms, aesgcm, aescbc, secretbox } = provider;
  const errors = validateChoice(provider, path);
  if (kms) {
    errors.push(...validateKms(kms, `${path}.kms`, kmsNames));
    kmsNames.add(kms.name);
  } else if (aesgcm) {
    errors.push(...validateKeys(aesgcm.keys, `${path}.aesgcm.keys`, aesKeyBytes));
  } else if (aescbc) {
    errors.push(...validateKeys(aescbc.keys, `${path}.aescbc.keys`, aesKeyBytes));
  } else if (secretbox) {
    errors.push(...validateKeys(secretbox.keys, `${path}.secretbox.keys`, secretboxKeyBytes));
  }
  return errors;
}

function validateChoice(provider: ProviderConfiguration, path: string): FieldError[] {
  const named = Object.keys(provider);
  if (named.length === 1) return [];
  const text =
    named.length === 0
      ? "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"
      : "more than one provider specified in a single element, should split into different list elements";
  return [invalid(path, named, text)];
}

function validateKms(
  kms: KmsConfiguration,
  path: string,
  kmsNames: ReadonlySet<string>,
): readonly FieldError[] {
  const { apiVersion } = kms;
  return [
    ...validateKmsName(kms, `${path}.name`, kmsNames),
    ...validateKmsTimes(kms, path),
    ...validateKmsEndpoint(kms.endpoint, `${path}.endpoint`),
    ...(apiVersion === "v1"
      ? [invalid(`${path}.apiVersion`, apiVersion, "KMS v1 is not supported, use v2")]
      : validateKmsVersion(kms, path)),
  ];
}

function validateKmsName(
  { name }: KmsConfiguration,
  path: string,
  kmsNames: ReadonlySet<string>,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(path, "name is a mandatory field for a provider"));
  if (name.includes(":")) {
    errors.push(invalid(path, name, `invalid KMS provider name ${name}, must not contain ':'`));
  }
  if (kmsNames.has(name)) {
    const text = `duplicate KMS provider name ${name}, names must be unique`;
    errors.push(invalid(path, name, text));
  }
  return errors;
}

function validateKmsTimes({ timeoutMs }: KmsConfiguration, path: string): readonly FieldError[] {
  if (timeoutMs > 0) return [];
  const text = "timeout should be a positive value";
  return [invalid(`${path}.timeout`, formatDuration(timeoutMs), text)];
}

function validateKmsEndpoint(endpoint: string, path: string): readonly FieldError[] {
  if (endpoint === "") return [invalid(path, "", "endpoint is a mandatory field for a kms")];
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? "";
  if (scheme !== "unix") {
    const text = `unsupported scheme "${scheme}" for KMS provider, only unix is supported`;
    return [invalid(path, endpoint, text)];
  }
  if (/^unix:\/\/\/./.test(endpoint)) return [];
  return [
    invalid(path, endpoint, "invalid endpoint for kms provider, error: it is no unix:///PATH"),
  ];
}

function validateKmsVersion(
  { apiVersion, cachesize }: KmsConfiguration,
  path: string,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (cachesize !== undefined) {
    errors.push(invalid(`${path}.cachesize`, cachesize, "cachesize is not supported in v2"));
  }
  if (apiVersion !== "v2") {
    const text = "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported";
    errors.push(invalid(`${path}.apiVersion`, apiVersion, text));
  }
  return errors;
}
