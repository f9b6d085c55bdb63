import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { ServerError } from "./server-error.ts";

/** Makes the data directory, readable by its owner only, or says why it cannot be used. */
export function prepareDataDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ServerError(`Cannot use the data directory "${dir}": ${explain(error, dir)}`, {
      cause: error,
    });
  }
}

function explain(error: unknown, dir: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EACCES" || code === "EPERM") return "it is not writable for this user";
  if (code === "EROFS") return "its file system is read-only";
  if (code === "ENOSPC") return "the disk is full";
  if (code === "EEXIST" || code === "ENOTDIR") {
    return statSync(dir, { throwIfNoEntry: false })?.isFile()
      ? "it is a file"
      : "a part of its path is a file";
  }
  return error instanceof Error ? error.message : String(error);
}
