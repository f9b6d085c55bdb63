import { type Envelope, type EnvelopeOptions, KmsError, openEnvelope } from "@cellplane/kms";
import type { Command } from "commander";
import { CliError } from "./cli-error.ts";

/** Adds the options that name the key of sealed credentials. */
export function addEnvelopeOptions(command: Command): Command {
  return command
    .option("--envelope-key-file <file>", "key of sealed credentials: the control plane's key file")
    .option("--envelope-kms <endpoint>", "… or its KMS v2 plug-in: unix:///path");
}

/** The envelope that options name; nothing if they name none. @throws {CliError} */
export function openCliEnvelope(options: EnvelopeOptions): Envelope | undefined {
  try {
    return openEnvelope(options, Date.now);
  } catch (error) {
    if (error instanceof KmsError) throw new CliError(error.message, { cause: error });
    throw error;
  }
}

/** The envelope that options name. @throws {CliError} If they name none. */
export function requireEnvelope(options: EnvelopeOptions, why: string): Envelope {
  const envelope = openCliEnvelope(options);
  if (envelope) return envelope;
  throw new CliError(`Cannot ${why} without a key: give --envelope-key-file or --envelope-kms`);
}
