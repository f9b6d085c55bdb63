import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** Bytes of an AES-256 key. */
export const keyBytes = 32;
/** Bytes of a nonce: 96 random bits, so one key may encrypt at most 2³² times (NIST SP 800-38D, 8.3). */
export const nonceBytes = 12;
const tagBytes = 16;

/** Ciphertext with its tag at the end, and its nonce. */
export interface AesGcmBox {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** What a ciphertext belongs to: the key, and the words that it is bound to. */
export interface AesGcmContext {
  readonly key: Uint8Array;
  readonly aad: Uint8Array;
}

/** AES-256-GCM with a fresh random nonce. */
export function encryptAesGcm(plaintext: Uint8Array, { key, aad }: AesGcmContext): AesGcmBox {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(aad);
  const parts = [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
  return { nonce, ciphertext: Buffer.concat(parts) };
}

/** The plaintext; nothing if key, nonce, AAD or ciphertext is not the one that it was made with. */
export function decryptAesGcm(box: AesGcmBox, { key, aad }: AesGcmContext): Buffer | undefined {
  const { nonce, ciphertext } = box;
  if (nonce.length !== nonceBytes || ciphertext.length < tagBytes) return undefined;
  const at = ciphertext.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(at));
  const head = decipher.update(ciphertext.subarray(0, at));
  try {
    return Buffer.concat([head, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Words as AAD: each with its length before it, so that no two lists give the same bytes. */
export function bindTo(words: readonly string[]): Buffer {
  return Buffer.concat(
    words.flatMap((word) => {
      const bytes = Buffer.from(word, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
