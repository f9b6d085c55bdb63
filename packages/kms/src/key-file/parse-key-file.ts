import { createHash } from "node:crypto";
import { keyBytes } from "../aes-gcm.ts";
import { KmsError } from "../kms-error.ts";

/** A key-encryption key of a key file. */
export interface FileKey {
  readonly id: string;
  readonly key: Uint8Array;
}

const linePattern = /^(?:(?<id>[A-Za-z0-9][A-Za-z0-9._-]{0,62}):)?(?<key>[A-Za-z0-9+/]{43}=)$/;

/**
 * Reads a key file: one key a line, 32 bytes in base64, with an id and a colon before it or an id
 * made from the key. Empty lines and lines that begin with `#` do not count.
 *
 * @param path For messages only.
 * @throws {KmsError} `Malformed`. The message names the line, never what stands there.
 */
export function parseKeyFile(text: string, path: string): readonly FileKey[] {
  const keys: FileKey[] = [];
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const match = linePattern.exec(line);
    const key = Buffer.from(match?.groups?.["key"] ?? "", "base64");
    if (key.length !== keyBytes) {
      throw malformed(path, `line ${at + 1} is no ID:KEY with ${keyBytes} bytes in base64`);
    }
    const id = match?.groups?.["id"] ?? idOf(key);
    if (keys.some((other) => other.id === id)) {
      throw malformed(path, `line ${at + 1} repeats the id "${id}"`);
    }
    keys.push({ id, key });
  }
  if (keys.length === 0) throw malformed(path, "it has no key");
  return keys;
}

/** An id that tells keys apart and nothing about them. */
function idOf(key: Uint8Array): string {
  return createHash("sha256").update("cellplane key id\0").update(key).digest("hex").slice(0, 16);
}

function malformed(path: string, why: string): KmsError {
  return new KmsError("Malformed", `Cannot use the key file "${path}": ${why}`);
}
