import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { k, put, remove, run } from "../../store/mvcc-testing.suite.ts";
import { printKey, type VerifyReport } from "../../store/verify-report.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { verifySqlite } from "./sqlite-verify.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-verify-"));
after(() => rmSync(root, { recursive: true }));
const newPath = (): string => join(mkdtempSync(join(root, "store-")), "store.db");

/** What is wrong, a line each. */
function textOf({ findings }: VerifyReport): string {
  const line = ({ message, revision, key }: VerifyReport["findings"][number]): string =>
    `${revision ?? "-"} ${key ?? "-"} ${message}`;
  return findings.map(line).join("\n");
}

const at = (revision: number, sub = 0): string => `(${revision} << 20 | ${sub})`;

/** Each damage, done by hand, and what must be said of it. */
const damages: readonly (readonly [string, string, RegExp])[] = [
  [
    "the head is behind its log",
    "UPDATE kv_meta SET revision = revision - 1",
    /^14 - a change stands beyond the head, which is 13$/m,
  ],
  [
    "the head is before its log",
    "UPDATE kv_meta SET revision = revision + 2",
    /^16 - the log ends before the head: revisions 15 to 16 are missing$/m,
  ],
  [
    "a revision is missing",
    `DELETE FROM kv_log WHERE id = ${at(12)}`,
    /^13 - the log has a gap: revision 12 is missing$/m,
  ],
  [
    "a change of a revision is missing",
    `DELETE FROM kv_log WHERE id = ${at(14, 1)}`,
    /^14 - a change is missing between the 0th and the 2th$/m,
  ],
  [
    "the first change of a revision is missing",
    `DELETE FROM kv_log WHERE id = ${at(14)}`,
    /^14 - its first changes are missing: the log has them from the 1th on$/m,
  ],
  [
    "a kept predecessor is missing",
    `DELETE FROM kv_log WHERE id = ${at(9)}`,
    /^12 a it replaced the row of revision 9, and there is none$/m,
  ],
  [
    "a current row names an older row",
    `UPDATE kv_current SET id = ${at(9)} WHERE key = x'61'`,
    /^12 a the current row has revision 9, and the newest row of the log 12$/m,
  ],
  [
    "a current row has another version",
    "UPDATE kv_current SET version = 9 WHERE key = x'61'",
    /^12 a the current row has version 9, and the newest row of the log 3$/m,
  ],
  [
    "a current row has another creation revision",
    "UPDATE kv_current SET create_revision = 3 WHERE key = x'61'",
    /^12 a the current row has creation revision 3, and/m,
  ],
  [
    "a live key has no current row",
    "DELETE FROM kv_current WHERE key = x'61'",
    /^12 a the key is live, and has no current row$/m,
  ],
  [
    "a deleted key has a current row",
    `INSERT INTO kv_current VALUES (x'64', ${at(11)}, 10, 1, 0)`,
    /^11 d a current row is there although the key is deleted$/m,
  ],
  [
    "a current row has no history",
    `INSERT INTO kv_current VALUES (x'7a00', ${at(11)}, 10, 1, 0)`,
    /^11 z\\x00 a current row has no row in the log$/m,
  ],
  [
    "a version jumps",
    `UPDATE kv_log SET version = 7 WHERE id = ${at(12)}; UPDATE kv_current SET version = 7 WHERE key = x'61'`,
    /^12 a its version is 7 after 2$/m,
  ],
  [
    "a creation revision changes",
    `UPDATE kv_log SET create_revision = 9 WHERE id = ${at(12)}; UPDATE kv_current SET create_revision = 9 WHERE key = x'61'`,
    /^12 a its creation revision is 9, and was 2$/m,
  ],
  [
    "a creation is none",
    `UPDATE kv_log SET version = 2 WHERE id = ${at(13)}; UPDATE kv_current SET version = 2 WHERE key = x'65'`,
    /^13 e it creates the key with version 2 and creation revision 13$/m,
  ],
  [
    "a creation revision is in the future",
    `UPDATE kv_log SET create_revision = 99 WHERE id = ${at(13)}; UPDATE kv_current SET create_revision = 99 WHERE key = x'65'`,
    /^13 e its version is 1 and its creation revision 99$/m,
  ],
  [
    "a row says that its key was absent",
    `UPDATE kv_log SET previous = 0, create_revision = 12, version = 1 WHERE id = ${at(12)}; UPDATE kv_current SET create_revision = 12, version = 1 WHERE key = x'61'`,
    /^12 a it says that the key was absent, and there is a row of revision 9$/m,
  ],
  [
    "a lease does not exist",
    "DELETE FROM kv_lease",
    /^13 e it has the lease 5, which does not exist$/m,
  ],
  [
    "a row of history is of another batch",
    `UPDATE kv_log SET token = 1 WHERE id = ${at(14, 1)}`,
    /^14 - its changes are of different batches$/m,
  ],
  [
    "the head is of another batch",
    "UPDATE kv_meta SET token = 1",
    /^14 - the head was made by another batch than its changes$/m,
  ],
  [
    "compacted is beyond the head",
    "UPDATE kv_meta SET compacted = 99",
    /^- - compacted is 99, and the head is 14$/m,
  ],
  [
    "an index has lost a row",
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'kv_log_key'",
    /the file is damaged: /,
  ],
];

describe("verifySqlite()", () => {
  let good: string;

  before(async () => {
    good = newPath();
    await using store = await openSqliteStore({ path: good, writer: "inline" });
    await store.leases?.grant({ id: 5, ttlSeconds: 3600 });
    await put(store, "a", "1"); // 2
    for (let i = 3; i <= 8; i++) await put(store, "b", `${i}`);
    await put(store, "a", "2"); // 9
    await put(store, "d", "1"); // 10
    await remove(store, "d"); // 11
    await put(store, "a", "3"); // 12
    await put(store, "e", "1", { lease: 5 }); // 13
    await run(
      store,
      { kind: "put", key: k("f"), value: k("1") },
      { kind: "put", key: k("g"), value: k("1") },
      { kind: "put", key: k("h"), value: k("1") },
    ); // 14
    await store.compact(10);
  });

  async function damaged(sql: string): Promise<VerifyReport> {
    const path = newPath();
    copyFileSync(good, path);
    using database = new DatabaseSync(path, { defensive: false });
    database.exec(sql);
    return verifySqlite(path);
  }

  it("finds nothing wrong with a store after a compaction", async () => {
    const told: string[] = [];
    const report = await verifySqlite(good, ({ pass }) => told.push(pass));
    equal(textOf(report), "");
    const { keys, leases, revision, compacted, wrong } = report;
    deepEqual(
      { keys, leases, revision, compacted, wrong },
      { keys: 6, leases: 1, revision: 14, compacted: 10, wrong: 0 },
    );
    deepEqual(told, ["log", "keys"]);
    ok(report.proved.length > 4);
  });

  for (const [what, sql, expected] of damages) {
    it(`says that ${what}`, async () => {
      const report = await damaged(sql);
      match(textOf(report), expected);
      ok(report.wrong >= 1);
    });
  }

  it("finds nothing wrong while a process writes, and again while it compacts", async () => {
    const path = newPath();
    await using store = await openSqliteStore({ path });
    const done = new AbortController();
    const writing = (async () => {
      for (let i = 0; !done.signal.aborted; i++) {
        await put(store, `k${i % 50}`, "v");
        if (i % 7 === 0) await remove(store, `k${(i * 3) % 50}`);
        if (i % 100 === 99) await store.compact((await store.headRevision()) - 10);
      }
    })();
    const found: string[] = [];
    for (let i = 0; i < 5; i++) {
      await put(store, "more", "v");
      found.push(textOf(await verifySqlite(path)));
    }
    done.abort();
    await writing;
    deepEqual(found, ["", "", "", "", ""]);
  });

  it("says that a page of the file is damaged", async () => {
    const path = newPath();
    await using store = await openSqliteStore({ path, writer: "inline" });
    for (let i = 0; i < 200; i++) await put(store, `k${i}`, "v".repeat(100));
    await store[Symbol.asyncDispose]();
    const bytes = readFileSync(path);
    bytes.fill(0x5a, bytes.length - 8192, bytes.length - 4096);
    writeFileSync(path, bytes);
    match(textOf(await verifySqlite(path)), /the file is damaged: /);
  });

  it("cannot look at what is not there, or is no store", async () => {
    await rejects(
      verifySqlite(newPath()),
      /^UnavailableError: Cannot look at .*there is no such file/,
    );
    const path = newPath();
    writeFileSync(path, "not a database, but long enough to be taken for one, perhaps".repeat(10));
    await rejects(verifySqlite(path), /^UnavailableError: Cannot look at/);
  });
});

describe("printKey()", () => {
  it("shows printable characters as they are, and other bytes as numbers", () => {
    equal(printKey("/registry/a b~"), "/registry/a b~");
    equal(printKey("a\0\x7f\xff\\"), "a\\x00\\x7f\\xff\\x5c");
  });
});
