import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UnavailableError } from "../../store/kv-error.ts";
import type { AcceptedLoss } from "../../store/accepted-loss.ts";
import { revisionMargin } from "../../store/store-image.ts";
import type { Revision } from "../../store/mvcc-store.ts";
import { lockDirectory } from "./directory-lock.ts";
import { openError } from "./sqlite-error.ts";
import { openForReading } from "./sqlite-verify.ts";

/**
 * Accepts that a SQLite file has lost acknowledged revisions, as after a copy of an older day was
 * put in its place: a new epoch, a head far beyond any revision that was ever told, and no history
 * before it, so that every client lists anew. No process may have the store open.
 *
 * @throws {LockedError | UnavailableError}
 */
export function acceptSqliteLoss(
  path: string,
  options: { readonly acknowledged?: Revision } = {},
): AcceptedLoss {
  const full = resolve(path);
  if (!existsSync(full))
    throw new UnavailableError(`Cannot open the store "${path}": there is no such file`);
  // It tells what is no store before anything is touched.
  openForReading(full).close();
  using _ = lockDirectory(dirname(full));
  try {
    using database = new DatabaseSync(full, { timeout: 5000 });
    database.exec("PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    const meta = database.prepare("SELECT epoch, revision FROM kv_meta").get();
    const from = Number(meta?.["revision"]);
    const epoch = Number(meta?.["epoch"]) + 1;
    const to = Math.max(from, options.acknowledged ?? 0) + revisionMargin;
    database
      .prepare("UPDATE kv_meta SET epoch = ?1, revision = ?2, compacted = ?2, token = ?3")
      .run(epoch, to, randomBytes(6).readUIntBE(0, 6));
    database.exec("COMMIT");
    return { epoch, from, to };
  } catch (error) {
    throw openError(path, error);
  }
}
