import { readFileSync } from "node:fs";
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
