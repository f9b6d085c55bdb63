import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { CipherError, tooShort, type ValueCipher } from "./value-cipher.ts";

const blockBytes = 16;

/**
 * AES-CBC with PKCS#7 padding: a random vector, then ciphertext. Nothing is authenticated: altered
 * bytes open to other ones.
 */
export function createAesCbcCipher(key: Uint8Array): ValueCipher {
  const algorithm = `aes-${key.length * 8}-cbc`;
  return {
    encrypt: (value) => {
      const vector = randomBytes(blockBytes);
      const cipher = createCipheriv(algorithm, key, vector);
      return Buffer.concat([vector, cipher.update(value), cipher.final()]);
    },
    decrypt: (value) => {
      if (value.length < 2 * blockBytes) throw new CipherError(tooShort);
      if (value.length % blockBytes !== 0) {
        throw new CipherError("the stored data is not a multiple of the block size");
      }
      const decipher = createDecipheriv(algorithm, key, value.subarray(0, blockBytes));
      const opened = decipher.update(value.subarray(blockBytes));
      try {
        return Buffer.concat([opened, decipher.final()]);
      } catch (cause) {
        throw new CipherError("invalid padding on input", { cause });
      }
    },
  };
}
