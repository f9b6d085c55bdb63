import { readFileSync, statSync, type Stats } from "node:fs";
import { bindTo, decryptAesGcm, encryptAesGcm, nonceBytes } from "../aes-gcm.ts";
import type { EnvelopeKey, WrappedKey } from "../envelope-key.ts";
import { KmsError } from "../kms-error.ts";
import { type FileKey, parseKeyFile } from "./parse-key-file.ts";

const noAnnotations: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * The keys of a file: the first encrypts, all decrypt. A changed file counts from the next use on;
 * should it be broken then, the keys read last stay in use.
 */
export class KeyFile implements EnvelopeKey {
  readonly place: string;
  readonly #path: string;
  #keys: readonly FileKey[] = [];
  #seen = "";

  /** @throws {KmsError} If the file cannot be used; it must be readable by its owner only. */
  constructor(path: string) {
    this.#path = path;
    this.place = `key file "${path}"`;
    this.#read();
  }

  async currentKeyId(): Promise<string> {
    return this.#first().id;
  }

  async wrap(dataKey: Uint8Array): Promise<WrappedKey> {
    const { id, key } = this.#first();
    const box = encryptAesGcm(dataKey, { key, aad: aadOf(id) });
    return {
      keyId: id,
      wrapped: Buffer.concat([box.nonce, box.ciphertext]),
      annotations: noAnnotations,
    };
  }

  async unwrap({ keyId, wrapped }: WrappedKey): Promise<Uint8Array> {
    const found = this.#current().find(({ id }) => id === keyId);
    if (!found) {
      throw new KmsError("KeyMissing", `the ${this.place} has no key with the id "${keyId}"`);
    }
    const box = {
      nonce: wrapped.subarray(0, nonceBytes),
      ciphertext: wrapped.subarray(nonceBytes),
    };
    const dataKey = decryptAesGcm(box, { key: found.key, aad: aadOf(keyId) });
    if (dataKey) return dataKey;
    throw new KmsError(
      "Tampered",
      `its data key was altered, or the key "${keyId}" of the ${this.place} is another one`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keys = [];
  }

  #first(): FileKey {
    const [first] = this.#current();
    if (!first) throw new KmsError("KeyMissing", `the ${this.place} is closed`);
    return first;
  }

  #current(): readonly FileKey[] {
    try {
      this.#read();
    } catch (error) {
      if (this.#keys.length === 0) throw error;
    }
    return this.#keys;
  }

  /** Reads the file if it is not the one that was read last. */
  #read(): void {
    const stats = this.#stat();
    const seen = `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.mode}`;
    if (seen === this.#seen) return;
    if ((stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
      throw new KmsError(
        "Malformed",
        `Cannot use the ${this.place} as only its owner may read it (chmod 600): its mode is ${mode}`,
      );
    }
    this.#keys = parseKeyFile(readFileSync(this.#path, "utf8"), this.#path);
    this.#seen = seen;
  }

  #stat(): Stats {
    try {
      return statSync(this.#path);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
      throw new KmsError("Malformed", `Cannot read the ${this.place}: ${code}`, { cause: error });
    }
  }
}

function aadOf(keyId: string): Buffer {
  return bindTo(["cellplane.io/data-key/v1", keyId]);
}
