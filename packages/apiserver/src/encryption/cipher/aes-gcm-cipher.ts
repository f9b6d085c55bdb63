import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { CipherError, tooShort, type ValueCipher } from "./value-cipher.ts";

const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-GCM under a key of 16, 24 or 32 bytes: nonce, ciphertext, tag; the store key is authenticated.
 * Nonces are random, so a key serves for 2³² writes at most (NIST SP 800-38D, 8.3).
 */
export function createAesGcmCipher(key: Uint8Array): ValueCipher {
  const algorithm = gcmOf(key);
  return {
    encrypt: (value, storeKey) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce);
      cipher.setAAD(Buffer.from(storeKey));
      return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt: (value, storeKey) => {
      if (value.length < nonceBytes + tagBytes) throw new CipherError(tooShort);
      const end = value.length - tagBytes;
      const decipher = createDecipheriv(algorithm, key, value.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(storeKey));
      decipher.setAuthTag(value.subarray(end));
      const opened = decipher.update(value.subarray(nonceBytes, end));
      try {
        decipher.final();
      } catch (cause) {
        throw new CipherError("cipher: message authentication failed", { cause });
      }
      return opened;
    },
  };
}

function gcmOf(key: Uint8Array): "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" {
  if (key.length === 16) return "aes-128-gcm";
  if (key.length === 24) return "aes-192-gcm";
  if (key.length === 32) return "aes-256-gcm";
  throw new Error("Cannot use a key of this length for AES");
}
