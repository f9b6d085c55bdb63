import { createHash, randomBytes } from "node:crypto";
import {
  dataKeySources,
  type EncryptedObject,
  type EnvelopeKey,
  formatEncryptedObject,
  KmsError,
  parseEncryptedObject,
  type WrappedKey,
} from "@cellplane/kms";
import { createAesGcmCipher } from "../cipher/aes-gcm-cipher.ts";
import { createSeededGcmCipher, seedBytes } from "../cipher/seeded-gcm-cipher.ts";
import type { ValueCipher } from "../cipher/value-cipher.ts";
import type { OpenedValue, ValueProvider } from "./value-provider.ts";

// kube-apiserver's times: a seed may be written with for three minutes after the service was last
// found well, so that a rotation is in effect after that time, or writes fail.
const maxWriteAgeMs = 180_000;
const maxReaders = 1000;

/** Told what a key service says. */
export interface KmsEvents {
  /** It encrypts under this key now. */
  onKeyId?(provider: string, keyId: string): void;
  /** A data key of this process is one that the service was asked for. */
  onCacheMiss?(provider: string, cached: number): void;
}

/** Which key service, and how it is known in stored values. */
export interface KmsProviderOptions {
  /** Stands before every value. */
  readonly name: string;
  /** Disposed of with the provider. */
  readonly key: EnvelopeKey;
  readonly nowMs: () => number;
  readonly events?: KmsEvents;
}

interface Writer {
  readonly wrapped: WrappedKey;
  readonly cipher: ValueCipher;
  untilMs: number;
}

/**
 * Encrypts under seeds that a key service wraps: one seed serves until the service's key changes,
 * and the service is asked once for each seed that is read. Stores what kube-apiserver does.
 */
export class KmsProvider implements ValueProvider, AsyncDisposable {
  readonly name: string;
  readonly prefix: string;
  readonly family: string;
  readonly #key: EnvelopeKey;
  readonly #nowMs: () => number;
  readonly #events: KmsEvents;
  readonly #readers = new Map<string, ValueCipher | Promise<ValueCipher>>();
  #writer: Writer | undefined;
  #probing: Promise<void> | undefined;

  constructor({ name, key, nowMs, events = {} }: KmsProviderOptions) {
    this.name = name;
    this.family = `k8s:enc:kms:v2:${name}:`;
    this.prefix = this.family;
    this.#key = key;
    this.#nowMs = nowMs;
    this.#events = events;
  }

  /**
   * Asks the service whether it is well and which key it has; makes a new seed where that changed.
   *
   * @throws {KmsError}
   */
  probe(): Promise<void> {
    return (this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
    }));
  }

  encrypt = (value: Buffer, storeKey: string): Buffer | Promise<Buffer> => {
    const writer = this.#writer;
    if (writer && this.#nowMs() <= writer.untilMs) return this.#write(writer, value, storeKey);
    return this.probe().then(() => this.#write(this.#readyWriter(), value, storeKey));
  };

  decrypt = (value: Buffer, storeKey: string): OpenedValue | Promise<OpenedValue> => {
    const object = parseEncryptedObject(value);
    const cipher = this.#reader(object);
    if (cipher instanceof Promise) {
      return cipher.then((ready) => this.#read(ready, object, storeKey));
    }
    return this.#read(cipher, object, storeKey);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#writer = undefined;
    this.#readers.clear();
    await this.#key[Symbol.asyncDispose]();
  }

  #write(writer: Writer, value: Buffer, storeKey: string): Buffer {
    const { keyId, wrapped, annotations } = writer.wrapped;
    return formatEncryptedObject({
      encryptedData: writer.cipher.encrypt(value, storeKey),
      keyId,
      encryptedSource: wrapped,
      annotations,
      sourceType: dataKeySources.seed,
    });
  }

  #readyWriter(): Writer {
    if (this.#writer) return this.#writer;
    throw new KmsError("Unavailable", `the KMS provider "${this.name}" has no data key`);
  }

  #read(cipher: ValueCipher, object: EncryptedObject, storeKey: string): OpenedValue {
    const value = cipher.decrypt(Buffer.from(object.encryptedData), storeKey);
    const isCurrent =
      object.keyId === this.#writer?.wrapped.keyId && object.sourceType === dataKeySources.seed;
    return { value, isStale: !isCurrent };
  }

  #reader(object: EncryptedObject): ValueCipher | Promise<ValueCipher> {
    const id = idOf(object);
    const known = this.#readers.get(id);
    if (known) return known;
    const asked = this.#ask(object).then(
      (cipher) => {
        this.#keep(id, cipher);
        return cipher;
      },
      (error: unknown) => {
        if (this.#readers.get(id) === asked) this.#readers.delete(id);
        throw error;
      },
    );
    this.#readers.set(id, asked);
    return asked;
  }

  async #ask(object: EncryptedObject): Promise<ValueCipher> {
    this.#events.onCacheMiss?.(this.name, this.#readers.size + 1);
    const source = await this.#key.unwrap({
      keyId: object.keyId,
      // Views of the stored value, which must not live as long as the cipher.
      wrapped: Buffer.from(object.encryptedSource),
      annotations: object.annotations,
    });
    if (object.sourceType === dataKeySources.seed) return createSeededGcmCipher(source);
    return createAesGcmCipher(source);
  }

  #keep(id: string, cipher: ValueCipher): void {
    this.#readers.set(id, cipher);
    if (this.#readers.size <= maxReaders) return;
    const [oldest] = this.#readers.keys();
    if (oldest !== undefined) this.#readers.delete(oldest);
  }

  async #probe(): Promise<void> {
    const askedMs = this.#nowMs();
    const keyId = await this.#key.currentKeyId();
    this.#events.onKeyId?.(this.name, keyId);
    if (this.#writer?.wrapped.keyId !== keyId) this.#writer = await this.#makeWriter(keyId);
    this.#writer.untilMs = askedMs + maxWriteAgeMs;
  }

  async #makeWriter(keyId: string): Promise<Writer> {
    const seed = randomBytes(seedBytes);
    const wrapped = await this.#key.wrap(seed);
    if (wrapped.keyId !== keyId) {
      throw new KmsError(
        "Unavailable",
        `the ${this.#key.place} has rotated its key while a data key was made`,
      );
    }
    const cipher = createSeededGcmCipher(seed);
    this.#keep(
      idOf({ ...wrapped, encryptedSource: wrapped.wrapped, sourceType: dataKeySources.seed }),
      cipher,
    );
    return { wrapped, cipher, untilMs: 0 };
  }
}

type WrappedSource = Pick<
  EncryptedObject,
  "keyId" | "encryptedSource" | "annotations" | "sourceType"
>;

/** Tells wrapped seeds apart by all that the service gets to see. */
function idOf({ keyId, encryptedSource, annotations, sourceType }: WrappedSource): string {
  const hash = createHash("sha256");
  const add = (part: Uint8Array | string): void => {
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes);
  };
  add(String(sourceType));
  add(keyId);
  add(encryptedSource);
  for (const [name, value] of Array.from(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    add(name);
    add(value);
  }
  return hash.digest("latin1");
}
