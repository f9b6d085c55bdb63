import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import { describeMvccStore } from "../../store/mvcc-store.suite.ts";
import { describeConcurrentWatch } from "../../store/mvcc-watch.suite.ts";
import { openSqliteStore, type SqliteStoreOptions } from "./open-sqlite-store.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-kv-"));
after(() => rmSync(root, { recursive: true }));

const openWith = (options: Omit<SqliteStoreOptions, "path">) => () =>
  openSqliteStore({ path: join(mkdtempSync(join(root, "store-")), "store.db"), ...options });

// With next to nothing in memory, so that values and history come from the file.
const ring = { maxChanges: 3, maxBytes: 1000 };
describeMvccStore("openSqliteStore()", openWith({ writer: "inline", ring }));
describe("openSqliteStore() with a writer thread", () => describeConcurrentWatch(openWith({})));
describe("openSqliteStore() with a writer thread and a ring of three", () =>
  describeConcurrentWatch(openWith({ ring })));
