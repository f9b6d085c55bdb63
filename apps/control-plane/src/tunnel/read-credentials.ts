import { readFileSync } from "node:fs";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { ServerError } from "../options/server-error.ts";

/**
 * Reads `ca.crt`, `tls.crt` and `tls.key` of a folder.
 * @throws {ServerError}
 */
export function readCredentials(folder: string): {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
} {
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch (error) {
      const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
      throw new ServerError(`Cannot read the credential ${join(folder, name)}: ${why}`, {
        cause: error,
      });
    }
  };
  return { ca: read("ca.crt"), cert: read("tls.crt"), key: read("tls.key") };
}

/**
 * Makes sure that a folder's credential is one, so that a wrong file is told by its name.
 * @throws {ServerError}
 */
export function checkCredentials(folder: string): void {
  const { ca, cert, key } = readCredentials(folder);
  const parse = <T>(name: string, what: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw new ServerError(`Cannot use ${join(folder, name)} as it is no ${what} in PEM`, {
        cause: error,
      });
    }
  };
  parse("ca.crt", "certificate", () => new X509Certificate(ca));
  const certificate = parse("tls.crt", "certificate", () => new X509Certificate(cert));
  const own = parse("tls.key", "private key", () => createPrivateKey(key));
  if (certificate.checkPrivateKey(own)) return;
  throw new ServerError(`Cannot use ${folder} as its tls.key is not the key of its tls.crt`);
}
