import type { Command } from "commander";
import { ServerError } from "./server-error.ts";

/** How values are encrypted at rest; the flags are kube-apiserver's. */
export interface EncryptionFlags {
  /** A file with an EncryptionConfiguration. */
  readonly encryptionProviderConfig?: string;
  /** Whether a changed file is taken up without a restart. */
  readonly encryptionProviderConfigAutomaticReload?: boolean;
}

/** Adds the flags of encryption at rest. */
export function addEncryptionOptions(command: Command): Command {
  return command
    .option(
      "--encryption-provider-config <file>",
      "EncryptionConfiguration: which resources are encrypted in the store, and with which keys",
    )
    .option(
      "--encryption-provider-config-automatic-reload [bool]",
      "take up a changed --encryption-provider-config: within a minute, or at once on SIGHUP",
      parseFlag,
    );
}

/** Only the flags of encryption. @throws {ServerError} If there is nothing to reload. */
export function encryptionFlagsOf(flags: EncryptionFlags): EncryptionFlags {
  const { encryptionProviderConfig: file, encryptionProviderConfigAutomaticReload: reload } = flags;
  if (file === undefined) {
    if (reload !== true) return {};
    throw new ServerError(
      "--encryption-provider-config-automatic-reload must be set with --encryption-provider-config",
    );
  }
  return {
    encryptionProviderConfig: file,
    encryptionProviderConfigAutomaticReload: reload === true,
  };
}

function parseFlag(text: string): boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  throw new ServerError(
    `Cannot read --encryption-provider-config-automatic-reload as it must be true or false: it is "${text}"`,
  );
}
