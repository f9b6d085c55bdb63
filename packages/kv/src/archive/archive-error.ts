import { KvError } from "../store/kv-error.ts";

/** A backup cannot be read, or not be restored here; nothing was changed. */
export class ArchiveError extends KvError {
  override readonly name = "ArchiveError";
}
