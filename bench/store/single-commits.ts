import { performance } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { measure, type Figure } from "./measure.ts";

/** The usual way, for comparison: the same rows, a commit of its own for each write. */
export async function measureSingleCommits(path: string, ms: number): Promise<Figure> {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE log (id INTEGER PRIMARY KEY, key BLOB, previous INT, value BLOB)");
  database.exec("CREATE INDEX log_key ON log (key)");
  database.exec("CREATE TABLE current (key BLOB PRIMARY KEY, id INT) WITHOUT ROWID");
  const append = database.prepare("INSERT INTO log (key, previous, value) VALUES (?, ?, ?)");
  const read = database.prepare("SELECT id FROM current WHERE key = ?");
  const replace = database.prepare("INSERT OR REPLACE INTO current VALUES (?, ?)");
  const value = Buffer.alloc(2048, "x");
  const end = performance.now() + ms;
  const figure = await measure("conditional puts, one after another", async (note) => {
    for (let i = 0; performance.now() < end; i++) {
      const start = performance.now();
      const key = Buffer.from(`/registry/configmaps/namespace/object-${i % 64}`);
      database.exec("BEGIN IMMEDIATE");
      const before = read.get(key)?.["id"] ?? 0;
      replace.run(key, append.run(key, before, value).lastInsertRowid);
      database.exec("COMMIT");
      note(performance.now() - start);
    }
  });
  database.close();
  return figure;
}
