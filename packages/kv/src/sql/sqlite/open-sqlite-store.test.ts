import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMvccStore } from "../../store/mvcc-store.suite.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

describeMvccStore("openSqliteStore()", async () => {
  const directory = await mkdtemp(join(tmpdir(), "cellplane-kv-"));
  return openSqliteStore({ path: join(directory, "store.db") });
});
