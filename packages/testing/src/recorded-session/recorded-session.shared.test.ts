import { deepEqual, equal } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type MvccStore, openMemoryStore, openSqliteStore } from "@cellplane/kv";
import { Facade } from "./facade.suite.ts";
import { countAnswers, readRecordedSession } from "./recorded-session.suite.ts";
import { replaySession } from "./replay-session.ts";

describe("a recorded session of kube-apiserver with etcd", () => {
  const lines = readRecordedSession();

  const sameOver = async (open: () => Promise<MvccStore>): Promise<void> => {
    await using facade = await Facade.open(await open());
    const { equal: count, differences } = await replaySession(lines, facade.url);
    deepEqual(differences, []);
    equal(count, countAnswers(lines));
  };

  it("is answered alike from memory", () => sameOver(() => openMemoryStore({})));

  it("is answered alike from SQLite", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cellplane-session-"));
    try {
      await sameOver(() => openSqliteStore({ path: join(folder, "store.db") }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
