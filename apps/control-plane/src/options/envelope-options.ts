import {
  type Envelope,
  type EnvelopeOptions,
  KmsError,
  openCredential,
  openEnvelope,
} from "@cellplane/kms";
import type { OpenSecret } from "@cellplane/controllers";
import type { Command } from "commander";
import { ServerError } from "./server-error.ts";

/** Adds the options that name the key of sealed member credentials. */
export function addEnvelopeOptions(command: Command): Command {
  return command
    .option(
      "--envelope-key-file <file>",
      "keys that open sealed member credentials, one ID:BASE64 a line, mode 0600",
    )
    .option("--envelope-kms <endpoint>", "… or a KMS v2 plug-in: unix:///path");
}

/** The envelope that opens sealed credentials; nothing if no key is given. @throws {ServerError} */
export function openServerEnvelope(options: EnvelopeOptions): Envelope | undefined {
  try {
    return openEnvelope(options, Date.now);
  } catch (error) {
    if (error instanceof KmsError) throw new ServerError(error.message, { cause: error });
    throw error;
  }
}

/** How controllers open Secrets with an envelope. */
export function openSecretWith(envelope: Envelope | undefined): {
  readonly openSecret?: OpenSecret;
} {
  if (!envelope) return {};
  return { openSecret: (data, of) => openCredential(envelope, data, of) };
}
