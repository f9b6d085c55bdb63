import { createHmac, randomBytes } from "node:crypto";
import { createAesGcmCipher } from "./aes-gcm-cipher.ts";
import { CipherError, tooShort, type ValueCipher } from "./value-cipher.ts";

/** Bytes of a seed, and of what each write adds to it. */
export const seedBytes = 32;
const infoBytes = 32;

/**
 * AES-256-GCM under a key of its own for each write, which HKDF (RFC 5869, expand only, SHA-256)
 * makes of the seed and 32 random bytes; those stand in front. So one seed serves for any number of
 * writes.
 */
export function createSeededGcmCipher(seed: Uint8Array): ValueCipher {
  if (seed.length < seedBytes) {
    throw new CipherError(`invalid seed length ${seed.length} used for key generation`);
  }
  const cipherOf = (info: Uint8Array): ValueCipher => createAesGcmCipher(expand(seed, info));
  return {
    encrypt: (value, storeKey) => {
      const info = randomBytes(infoBytes);
      return Buffer.concat([info, cipherOf(info).encrypt(value, storeKey)]);
    },
    decrypt: (value, storeKey) => {
      if (value.length < infoBytes) throw new CipherError(tooShort);
      return cipherOf(value.subarray(0, infoBytes)).decrypt(value.subarray(infoBytes), storeKey);
    },
  };
}

// 32 bytes are the first block of HKDF's output: HMAC(seed, info ‖ 1).
function expand(seed: Uint8Array, info: Uint8Array): Buffer {
  return createHmac("sha256", seed).update(info).update(Uint8Array.of(1)).digest();
}
