import { KeyFile } from "../key-file/key-file.ts";
import { KmsPlugin } from "../plugin/kms-plugin.ts";
import { KmsError } from "../kms-error.ts";
import { Envelope } from "../envelope/envelope.ts";

/** Where the key-encryption key is: at most one of the two. */
export interface EnvelopeOptions {
  readonly envelopeKeyFile?: string;
  /** `unix:///path` of a KMS v2 plug-in. */
  readonly envelopeKms?: string;
}

/**
 * The envelope that options ask for; nothing if they ask for none.
 *
 * @throws {KmsError} If the key file cannot be used. A plug-in need not be there yet.
 */
export function openEnvelope(
  { envelopeKeyFile, envelopeKms }: EnvelopeOptions,
  nowMs: () => number,
): Envelope | undefined {
  if (envelopeKeyFile !== undefined && envelopeKms !== undefined) {
    throw new KmsError(
      "Malformed",
      "Cannot use both --envelope-key-file and --envelope-kms: choose one",
    );
  }
  if (envelopeKeyFile !== undefined) return new Envelope(new KeyFile(envelopeKeyFile), nowMs);
  if (envelopeKms === undefined) return undefined;
  return new Envelope(new KmsPlugin({ endpoint: envelopeKms, nowMs }), nowMs);
}
