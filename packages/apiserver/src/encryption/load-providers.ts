import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ConfigurationError } from "./configuration/configuration-error.ts";
import { parseConfiguration } from "./configuration/parse-configuration.ts";
import { validateConfiguration } from "./configuration/validate-configuration.ts";
import { ProviderSet, type ProviderSetOptions } from "./provider/provider-set.ts";

/** A file as it was read. */
export interface ConfigurationFile {
  readonly text: string;
  /** `sha256:…`: tells whether the file has changed, and nothing about its keys. */
  readonly hash: string;
}

/** @throws {ConfigurationError} If it cannot be read, or is empty. */
export async function readConfigurationFile(path: string): Promise<ConfigurationFile> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw cannotUse(path, why, error);
  });
  if (text === "") throw cannotUse(path, "it is empty");
  return { text, hash: `sha256:${createHash("sha256").update(text).digest("hex")}` };
}

/** Makes providers of a file. @throws {ConfigurationError} With every broken rule. */
export function loadProviders(
  path: string,
  text: string,
  options: ProviderSetOptions,
): ProviderSet {
  try {
    const configuration = parseConfiguration(text);
    const errors = validateConfiguration(configuration);
    if (errors.length > 0) throw new ConfigurationError(aggregate(errors));
    return new ProviderSet(configuration, options);
  } catch (error) {
    if (error instanceof ConfigurationError) throw cannotUse(path, error.message, error);
    throw error;
  }
}

// As Kubernetes lists errors.
function aggregate(
  errors: readonly { readonly field: string; readonly message: string }[],
): string {
  const texts = Array.from(new Set(errors.map(({ field, message }) => `${field}: ${message}`)));
  return texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
}

function cannotUse(path: string, why: string, cause?: unknown): ConfigurationError {
  const text = `Cannot use the encryption configuration "${path}": ${why}`;
  return new ConfigurationError(text, cause === undefined ? {} : { cause });
}
