import type { ValueCipher } from "../cipher/value-cipher.ts";

/** A value as it was before it was encrypted. */
export interface OpenedValue {
  readonly value: Buffer;
  /** It would be encrypted in another way now. */
  readonly isStale: boolean;
}

/** One key, or one key service. A promise is for what a service must be asked for. */
export interface ValueProvider {
  /** Stands before what it has encrypted; empty: of plaintext. */
  readonly prefix: string;
  /** The prefix without the name of a key: what values of its kind begin with. */
  readonly family: string;
  /** @throws {KmsError} */
  readonly encrypt: (value: Buffer, storeKey: string) => Buffer | Promise<Buffer>;
  /** @throws {CipherError | KmsError} */
  readonly decrypt: (value: Buffer, storeKey: string) => OpenedValue | Promise<OpenedValue>;
}

/** A provider of one key of a configuration. */
export function createKeyProvider(
  names: { readonly family: string; readonly key: string },
  cipher: ValueCipher,
): ValueProvider {
  return {
    prefix: `${names.family}${names.key}:`,
    family: names.family,
    encrypt: cipher.encrypt,
    decrypt: (value, storeKey) => ({ value: cipher.decrypt(value, storeKey), isStale: false }),
  };
}
