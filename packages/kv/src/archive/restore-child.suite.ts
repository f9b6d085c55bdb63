import { createReadStream } from "node:fs";
import { restoreSqlite } from "../sql/sqlite/sqlite-restore.ts";
import { openBackup } from "./read-backup.ts";

/** Restores, and says how far it is; its parent kills it half-way. */
const [backup = "", path = ""] = process.argv.slice(2);
await restoreSqlite(await openBackup(createReadStream(backup)), {
  path,
  whenNotEmpty: "replace",
  onProgress: (keys) => process.stdout.write(`${keys}\n`),
});
