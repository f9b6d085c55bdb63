import { StatusError } from "@cellplane/apimachinery";

/**
 * What happens to bytes between the server and its store: encryption. A promise is for what a key
 * service must be asked for; with plain buffers reads stay synchronous.
 */
export interface ValueTransformer {
  readonly toStore: (value: Buffer, key: string) => Buffer | Promise<Buffer>;
  readonly fromStore: (value: Buffer, key: string) => Buffer | Promise<Buffer>;
  /** Whether bytes of the store would be written otherwise now: under a newer key. Absent: none are. */
  readonly isStale?: ((value: Buffer, key: string) => boolean | Promise<boolean>) | undefined;
}

/** What every encrypted value begins with. */
const encryptedPrefix = Buffer.from("k8s:enc:");

/** Whether a value in the store is encrypted. */
export function isEncrypted(value: Buffer): boolean {
  const { length } = encryptedPrefix;
  // Objects begin with a brace: for nearly all, one byte tells.
  if (value[0] !== encryptedPrefix[0] || value.length < length) return false;
  return value.compare(encryptedPrefix, 0, length, 0, length) === 0;
}

/** Stores values as they are. Refuses what is encrypted rather than taking it for an object. */
export const plainValues: ValueTransformer = {
  toStore: (value) => value,
  fromStore: (value, key) => {
    if (!isEncrypted(value)) return value;
    const text = `unable to transform key ${JSON.stringify(key)}: identity transformer tried to read encrypted data`;
    throw new StatusError("InternalError", `Internal error occurred: ${text}`, {
      details: { causes: [{ message: text }] },
    });
  },
};
