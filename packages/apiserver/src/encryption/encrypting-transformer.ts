import { StatusError } from "@cellplane/apimachinery";
import { KmsError } from "@cellplane/kms";
import { plainValues, type ValueTransformer } from "../storage/value-transformer.ts";
import { CipherError } from "./cipher/value-cipher.ts";
import type { ProviderChain } from "./provider/provider-chain.ts";

/** Told each value that was encrypted or decrypted, and by which kind of provider. */
export type TransformListener = (transform: {
  readonly direction: "to_storage" | "from_storage";
  /** A prefix such as `k8s:enc:aesgcm:v1:`, or `identity` or `unknown`. */
  readonly family: string;
  readonly failed: boolean;
}) => void;

/**
 * The border between providers and the API: what cannot be encrypted or decrypted is a 503 where the
 * same may work later, and otherwise a 500 that names the key.
 *
 * @param chainNow The providers at the time; none: values are stored as they are.
 */
export function createEncryptingTransformer(
  chainNow: () => ProviderChain | undefined,
  onTransform: TransformListener,
): ValueTransformer {
  const tell = (direction: "to_storage" | "from_storage", family: string, failed = false): void =>
    onTransform({ direction, family, failed });
  return {
    get isStale() {
      const chain = chainNow();
      if (!chain) return undefined;
      return (value: Buffer, key: string) =>
        guard(
          () => mapMaybe(chain.open(value, key), ({ isStale }) => isStale),
          (error) => unreadable(error, key),
        );
    },
    toStore: (value, key) => {
      const chain = chainNow();
      if (!chain) return value;
      return guard(
        () =>
          mapMaybe(chain.encrypt(value, key), (bytes) => {
            tell("to_storage", chain.family);
            return bytes;
          }),
        (error) => {
          tell("to_storage", chain.family, true);
          return unwritable(error, key);
        },
      );
    },
    fromStore: (value, key) => {
      const chain = chainNow();
      if (!chain) return plainValues.fromStore(value, key);
      return guard(
        () =>
          mapMaybe(chain.open(value, key), (opened) => {
            tell("from_storage", chain.familyOf(value));
            return opened.value;
          }),
        (error) => {
          tell("from_storage", chain.familyOf(value), true);
          return unreadable(error, key);
        },
      );
    },
  };
}

function mapMaybe<T, R>(value: T | Promise<T>, map: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(map) : map(value);
}

function guard<T>(
  run: () => T | Promise<T>,
  translate: (error: unknown) => unknown,
): T | Promise<T> {
  try {
    const result = run();
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => {
      throw translate(error);
    });
  } catch (error) {
    throw translate(error);
  }
}

function unreadable(error: unknown, key: string): unknown {
  return toStatus(error, `unable to transform key ${JSON.stringify(key)}`);
}

function unwritable(error: unknown, key: string): unknown {
  return toStatus(error, `unable to encrypt key ${JSON.stringify(key)}, the write was not made`);
}

function toStatus(error: unknown, what: string): unknown {
  if (!(error instanceof CipherError || error instanceof KmsError)) return error;
  const text = `${what}: ${error.message}`;
  if (error instanceof KmsError && error.isRetryable) {
    return new StatusError("ServiceUnavailable", text, {
      details: { retryAfterSeconds: 1, causes: [{ reason: "KmsUnavailable", message: text }] },
      cause: error,
    });
  }
  return new StatusError("InternalError", `Internal error occurred: ${text}`, {
    details: { causes: [{ message: text }] },
    cause: error,
  });
}
