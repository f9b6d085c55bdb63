/** A data-encryption key as a key-encryption key has encrypted it. */
export interface WrappedKey {
  /** Of the key-encryption key. */
  readonly keyId: string;
  readonly wrapped: Uint8Array;
  /** What the key service wants back for decryption. */
  readonly annotations: ReadonlyMap<string, Uint8Array>;
}

/**
 * Encrypts data-encryption keys; never the data itself. Every implementation passes
 * `describeEnvelopeKey()` in `envelope-key.suite.ts`.
 *
 * All methods throw a KmsError: `Unavailable` if the same may work later.
 */
export interface EnvelopeKey extends AsyncDisposable {
  /** Where it is, for messages: a file, or a socket. */
  readonly place: string;
  /** The id of the key that encrypts now; another one from a rotation on. */
  currentKeyId(signal?: AbortSignal): Promise<string>;
  /** Encrypts a key of 32 bytes. */
  wrap(dataKey: Uint8Array, signal?: AbortSignal): Promise<WrappedKey>;
  /**
   * Decrypts what `wrap` gave, under whichever key that was.
   *
   * @throws {KmsError} `KeyMissing` if that key is not there, `Tampered` if it was altered.
   */
  unwrap(key: WrappedKey, signal?: AbortSignal): Promise<Uint8Array>;
}
