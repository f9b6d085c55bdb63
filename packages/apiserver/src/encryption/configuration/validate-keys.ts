import { type FieldError, invalid, required } from "@cellplane/apimachinery";
import type { KeyConfiguration } from "./encryption-configuration.ts";

/** What is wrong with the keys of one provider. Never shows a secret. */
export function validateKeys(
  keys: readonly KeyConfiguration[],
  path: string,
  lengths: readonly number[],
): FieldError[] {
  if (keys.length === 0) return [required(path, "at least one keys is required")];
  return keys.flatMap((key, at) => validateKey(key, `${path}[${at}]`, lengths));
}

function validateKey(
  { name, secret }: KeyConfiguration,
  path: string,
  lengths: readonly number[],
): FieldError[] {
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(`${path}.name`, "name is a mandatory field for a key"));
  if (secret === "") {
    return [...errors, required(`${path}.secret`, "secret is a mandatory field for a key")];
  }
  const problem = findSecretProblem(secret, lengths);
  if (problem !== undefined) errors.push(invalid(`${path}.secret`, "REDACTED", problem));
  return errors;
}

function findSecretProblem(secret: string, lengths: readonly number[]): string | undefined {
  const bytes = decodeKey(secret);
  if (!bytes) return "secrets must be base64 encoded";
  if (lengths.includes(bytes.length)) return undefined;
  return `secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(" ")}]`;
}

const standardBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of a key; nothing where the text is no base64. Go's decoder skips line breaks. */
export function decodeKey(secret: string): Uint8Array | undefined {
  const text = secret.replace(/[\r\n]/g, "");
  return standardBase64.test(text) ? Buffer.from(text, "base64") : undefined;
}
