import { readFileSync } from "node:fs";
import { parseTokenFile, type UserInfo } from "@cellplane/apiserver";
import { ServerError } from "../options/server-error.ts";

/** The users of `--token-auth-file`; none where no file is given. */
export function readTokenFile(file: string | undefined): ReadonlyMap<string, UserInfo> {
  if (file === undefined) return new Map();
  try {
    return parseTokenFile(readFileSync(file, "utf8"), file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`Cannot use --token-auth-file "${file}": ${why}`, { cause: error });
  }
}
