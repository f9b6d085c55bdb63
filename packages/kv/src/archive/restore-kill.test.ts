import { deepEqual, equal } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openMemoryStore } from "../memory/open-memory-store.ts";
import { openSqliteStore } from "../sql/sqlite/open-sqlite-store.ts";
import { verifySqlite } from "../sql/sqlite/sqlite-verify.ts";
import { put, run } from "../store/mvcc-testing.suite.ts";
import { allKeys, backupOf } from "./archive-testing.suite.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-kill-"));
after(() => rmSync(root, { recursive: true }));

describe("restoreSqlite() in a process that is killed", () => {
  it("leaves the old content, whole", async () => {
    const path = join(root, "store.db");
    {
      await using store = await openSqliteStore({ path, writer: "inline" });
      for (const key of ["old", "older"]) await put(store, key, "v");
    }
    const backup = join(root, "backup");
    {
      await using big = await openMemoryStore();
      const value = Buffer.alloc(5000, "v");
      for (let i = 0; i < 10; i++) {
        const puts = Array.from({ length: 100 }, (_, j) => ({
          kind: "put" as const,
          key: Buffer.from(`k/${i}/${j}`),
          value,
        }));
        await run(big, ...puts);
      }
      writeFileSync(backup, await backupOf(big));
    }
    const program = fileURLToPath(new URL("./restore-child.suite.ts", import.meta.url));
    const child = spawn(process.execPath, [program, backup, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    // The first keys are written, and most are not.
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    deepEqual(await ended, [null, "SIGKILL"]);
    equal((await verifySqlite(path)).wrong, 0);
    await using store = await openSqliteStore({ path, writer: "inline" });
    deepEqual(
      (await allKeys(store)).map(({ key }) => key.toString()),
      ["old", "older"],
    );
    equal((await put(store, "new", "v")).revision, 4);
  });
});
