import { createHash, randomBytes } from "node:crypto";
import { bindTo, decryptAesGcm, encryptAesGcm, keyBytes } from "../aes-gcm.ts";
import type { EnvelopeKey, WrappedKey } from "../envelope-key.ts";
import { KmsError } from "../kms-error.ts";
import { formatSeal, parseSeal, type Seal, sealVersion } from "./seal.ts";

// Far below the 2³² that random nonces allow, and few enough that losing one key loses little.
const maxUses = 1_000_000;
const maxAgeMs = 3_600_000;
// Keys kept for decryption: one for each million of writes.
const maxOpenedKeys = 1000;

interface DataKey {
  readonly key: Uint8Array;
  readonly wrapped: WrappedKey;
  readonly sinceMs: number;
  uses: number;
}

/**
 * Encrypts data of any length with data-encryption keys of its own, which an EnvelopeKey wraps. One
 * data key serves many seals, so the key service is asked once in a while, not for each.
 */
export class Envelope implements AsyncDisposable {
  readonly #key: EnvelopeKey;
  readonly #nowMs: () => number;
  readonly #opened = new Map<string, Uint8Array>();
  #current: DataKey | undefined;
  #making: Promise<DataKey> | undefined;

  /** Disposes of `key` with itself. */
  constructor(key: EnvelopeKey, nowMs: () => number) {
    this.#key = key;
    this.#nowMs = nowMs;
  }

  /** Where its key is, for messages. */
  get place(): string {
    return this.#key.place;
  }

  /** The id of the key that seals are made under now. */
  currentKeyId(signal?: AbortSignal): Promise<string> {
    return this.#key.currentKeyId(signal);
  }

  /**
   * Encrypts. Whoever opens it must name the same `subject`: what it is, and where it belongs.
   *
   * @throws {KmsError} If the key service does not answer.
   */
  async seal(
    plaintext: Uint8Array,
    subject: readonly string[],
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const dataKey = await this.#dataKey(signal);
    dataKey.uses += 1;
    const { keyId, wrapped: wrappedKey, annotations } = dataKey.wrapped;
    const header = { version: sealVersion, keyId, wrappedKey, annotations };
    const box = encryptAesGcm(plaintext, { key: dataKey.key, aad: aadOf(subject, header) });
    return formatSeal({ ...header, ...box });
  }

  /**
   * Decrypts what `seal` gave.
   *
   * @throws {KmsError} `Tampered` if it was altered or sealed for another subject, `KeyMissing` if
   * its key is not there, `Unavailable` if the key service does not answer.
   */
  async open(
    sealed: Uint8Array,
    subject: readonly string[],
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const seal = parseSeal(sealed);
    const key = await this.#unwrap(seal, signal);
    const plaintext = decryptAesGcm(seal, { key, aad: aadOf(subject, seal) });
    if (plaintext) return plaintext;
    throw new KmsError("Tampered", "it was altered, or sealed for something else");
  }

  /** Forgets all keys. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#current?.key.fill(0);
    this.#current = undefined;
    for (const key of this.#opened.values()) key.fill(0);
    this.#opened.clear();
    await this.#key[Symbol.asyncDispose]();
  }

  async #dataKey(signal: AbortSignal | undefined): Promise<DataKey> {
    const keyId = await this.#key.currentKeyId(signal);
    const current = this.#current;
    if (
      current?.wrapped.keyId === keyId &&
      current.uses < maxUses &&
      this.#nowMs() - current.sinceMs < maxAgeMs
    ) {
      return current;
    }
    this.#making ??= this.#makeDataKey().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** Not bound to one caller's signal, for others wait for it, too. */
  async #makeDataKey(): Promise<DataKey> {
    const key = randomBytes(keyBytes);
    const wrapped = await this.#key.wrap(key);
    this.#current = { key, wrapped, sinceMs: this.#nowMs(), uses: 0 };
    return this.#current;
  }

  async #unwrap(seal: Seal, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { keyId, wrappedKey: wrapped, annotations } = seal;
    const digest = digestOf(seal);
    const known = this.#opened.get(digest);
    if (known) return known;
    const key = await this.#key.unwrap({ keyId, wrapped, annotations }, signal);
    if (key.length !== keyBytes) throw new KmsError("Tampered", "its data key has a wrong length");
    const oldest = this.#opened.keys().next();
    if (this.#opened.size >= maxOpenedKeys && oldest.value !== undefined) {
      this.#opened.delete(oldest.value);
    }
    const kept = Uint8Array.from(key);
    this.#opened.set(digest, kept);
    return kept;
  }
}

type Header = Omit<Seal, "nonce" | "ciphertext">;

/** Binds the data to their place, and to the key that they were sealed under. */
function aadOf(subject: readonly string[], header: Header): Buffer {
  return bindTo([...subject, String(header.version), digestOf(header)]);
}

/** Two seals with the same digest have the same data key: all that unwrapping depends on is in it. */
function digestOf({ keyId, wrappedKey, annotations }: Header): string {
  const hash = createHash("sha256")
    .update(bindTo([keyId]))
    .update(wrappedKey);
  for (const name of Array.from(annotations.keys()).sort()) {
    hash.update(bindTo([name])).update(annotations.get(name) ?? "");
  }
  return hash.digest("base64");
}
