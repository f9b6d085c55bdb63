import { randomBytes, timingSafeEqual } from "node:crypto";
import { poly1305 } from "./poly1305.ts";
import { xsalsa20Stream } from "./salsa20.ts";
import { CipherError, tooShort, type ValueCipher } from "./value-cipher.ts";

const nonceBytes = 24;
const tagBytes = 16;
/** The first bytes of the key stream are the key of the tag. */
const tagKeyBytes = 32;

/**
 * NaCl's secretbox, XSalsa20-Poly1305, under a key of 32 bytes: nonce, tag, ciphertext. The store
 * key is not authenticated.
 */
export function createSecretboxCipher(key: Uint8Array): ValueCipher {
  return {
    encrypt: (value) => {
      const nonce = randomBytes(nonceBytes);
      return Buffer.concat([nonce, sealSecretbox(value, { key, nonce })]);
    },
    decrypt: (value) => {
      if (value.length < nonceBytes + tagBytes) throw new CipherError(tooShort);
      const nonce = value.subarray(0, nonceBytes);
      const opened = openSecretbox(value.subarray(nonceBytes), { key, nonce });
      if (opened) return opened;
      throw new CipherError("the box does not open under this key");
    },
  };
}

/** A key of 32 bytes and a nonce of 24. */
export interface SecretboxContext {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** `crypto_secretbox`: the tag, then the ciphertext. */
export function sealSecretbox(value: Uint8Array, { key, nonce }: SecretboxContext): Buffer {
  const stream = xsalsa20Stream(key, nonce, tagKeyBytes + value.length);
  const ciphertext = xor(value, stream.subarray(tagKeyBytes));
  return Buffer.concat([poly1305(stream.subarray(0, tagKeyBytes), ciphertext), ciphertext]);
}

/** `crypto_secretbox_open`; nothing if it was altered, or sealed otherwise. */
export function openSecretbox(
  box: Uint8Array,
  { key, nonce }: SecretboxContext,
): Buffer | undefined {
  const ciphertext = box.subarray(tagBytes);
  const stream = xsalsa20Stream(key, nonce, tagKeyBytes + ciphertext.length);
  const tag = poly1305(stream.subarray(0, tagKeyBytes), ciphertext);
  if (!timingSafeEqual(tag, box.subarray(0, tagBytes))) return undefined;
  return xor(ciphertext, stream.subarray(tagKeyBytes));
}

function xor(value: Uint8Array, stream: Uint8Array): Buffer {
  const result = Buffer.alloc(value.length);
  for (let at = 0; at < value.length; at += 1) result[at] = (value[at] ?? 0) ^ (stream[at] ?? 0);
  return result;
}
