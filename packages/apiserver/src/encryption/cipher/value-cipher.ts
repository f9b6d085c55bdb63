/** Encrypts values under one key. Where the cipher can, a value opens under its own store key only. */
export interface ValueCipher {
  readonly encrypt: (value: Buffer, storeKey: string) => Buffer;
  /** @throws {CipherError} */
  readonly decrypt: (value: Buffer, storeKey: string) => Buffer;
}

/** Bytes that do not open: altered, cut, of another key or of another place. */
export class CipherError extends Error {
  override readonly name = "CipherError";
}

/** kube-apiserver's words for what has no room for nonce and tag. */
export const tooShort = "the stored data was shorter than the required size";
