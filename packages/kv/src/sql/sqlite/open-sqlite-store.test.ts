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

const small = { maxChanges: 3, maxBytes: 1000 };
describeMvccStore("openSqliteStore() inline", openWith({ writer: "inline" }));
describeMvccStore(
  "openSqliteStore() with a ring of three",
  openWith({ writer: "inline", ring: small }),
);
describe("openSqliteStore() with a writer thread", () =>
  describeConcurrentWatch(openWith({ ring: small })));
