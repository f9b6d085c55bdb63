import { type CallErrorReporter, GrpcError, GrpcServer, handleUnary } from "@cellplane/grpc";
import type { EnvelopeKey } from "../envelope-key.ts";
import { KmsError } from "../kms-error.ts";
import { decryptMethod, encryptMethod, statusMethod } from "./kms-protocol.ts";

/** A KMS v2 plug-in that encrypts with `key`: for trying out, and a pattern for real ones. */
export function createKmsPluginServer(key: EnvelopeKey, onError: CallErrorReporter): GrpcServer {
  return new GrpcServer({
    onError,
    handlers: [
      handleUnary(statusMethod, async () => ({
        version: "v2",
        ...(await health(key)),
      })),
      handleUnary(encryptMethod, async ({ plaintext }) => {
        const { wrapped, keyId, annotations } = await asGrpc(key.wrap(plaintext));
        return { ciphertext: wrapped, keyId, annotations };
      }),
      handleUnary(decryptMethod, async ({ ciphertext, keyId, annotations }) => {
        const plaintext = await asGrpc(key.unwrap({ wrapped: ciphertext, keyId, annotations }));
        return { plaintext };
      }),
    ],
  });
}

async function health(
  key: EnvelopeKey,
): Promise<{ readonly healthz: string; readonly keyId: string }> {
  try {
    return { healthz: "ok", keyId: await key.currentKeyId() };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    return { healthz: error.message, keyId: "" };
  }
}

async function asGrpc<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    const status = (
      {
        KeyMissing: "NOT_FOUND",
        Tampered: "INVALID_ARGUMENT",
        Malformed: "INTERNAL",
        Unavailable: "UNAVAILABLE",
      } as const
    )[error.failure];
    throw new GrpcError(status, error.message, { cause: error });
  }
}
