import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LockedError, NoSpaceError, UnavailableError } from "../../store/kv-error.ts";
import { k, put, putAll, RecordingWatch, remove, run } from "../../store/mvcc-testing.suite.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

const root = mkdtempSync(join(tmpdir(), "cellplane-kv-"));
after(() => rmSync(root, { recursive: true }));

const newPath = (): string => join(mkdtempSync(join(root, "store-")), "store.db");
const everything = { key: k("\0"), end: k("\0") };

describe("openSqliteStore() opened again", () => {
  it("has everything that was there: keys, history, compaction and the cluster's id", async () => {
    const path = newPath();
    const first = await openSqliteStore({ path, writer: "inline" });
    await putAll(first, ["a", "b", "a", "c"]);
    await remove(first, "b");
    await first.compact(4);
    const before = [await first.status(), await first.range({ ...everything, revision: 5 })];
    await first[Symbol.asyncDispose]();

    await using second = await openSqliteStore({ path, writer: "inline" });
    const after = [await second.status(), await second.range({ ...everything, revision: 5 })];
    deepEqual(withoutSize(after), withoutSize(before));
    const watch = new RecordingWatch(second, { ...everything, startRevision: 4, previous: true });
    await watch.until(({ events }) => events.length === 3);
    equal(watch.text, "+a=a3@4(was a1) +c=c4@5 -b@6(was b2)");
    equal((await put(second, "a", "next")).revision, 7);
    equal((await second.range({ key: k("a") })).kvs[0]?.version, 3);
  });

  it("goes on with a compaction that was cut short", async () => {
    const path = newPath();
    const first = await openSqliteStore({ path, writer: "inline" });
    const puts = Array.from({ length: 1800 }, (_, i) => put(first, `k${i % 3}`, `${i}`));
    await Promise.all(puts);
    await first.compact(1801);
    await first[Symbol.asyncDispose]();
    ok(rowsOf(path) > 600, "the first process removed everything before it closed");

    await using second = await openSqliteStore({ path, writer: "inline" });
    // Three live rows, and the one that the last change names as previous.
    await eventually(() => rowsOf(path) === 4);
    equal((await second.range({ ...everything, revision: 1801 })).count, 3);
  });
});

/** Waits for something that nobody tells. */
async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    ok(performance.now() < deadline, "it did not become true in time");
    await turn();
  }
}

function withoutSize(parts: readonly object[]): readonly object[] {
  return parts.map((part) => ({ ...part, sizeBytes: 0 }));
}

function rowsOf(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare("SELECT count(*) AS rows FROM kv_log").get();
  database.close();
  return Number(row?.["rows"]);
}

describe("openSqliteStore() after SIGKILL", () => {
  it("has every acknowledged write, no gap, and a sound file", async () => {
    const path = newPath();
    for (let round = 0; round < 2; round++) {
      const acknowledged = await writeUntilKilled(path, 150 + round * 50);
      checkFile(path);
      await using store = await openSqliteStore({ path, writer: "inline" });
      const revisions = await revisionsOf(store);
      const head = await store.headRevision();
      deepEqual(
        revisions,
        Array.from({ length: head - 1 }, (_, i) => i + 2),
      );
      for (const { client, number, revision } of acknowledged) {
        const { kvs } = await store.range({ key: k(`client-${client}`), revision });
        equal(kvs[0]?.value.toString().replaceAll(".", ""), number, `revision ${revision}`);
      }
    }
  });
});

interface Acknowledged {
  readonly client: string;
  readonly number: string;
  readonly revision: number;
}

function startChild(path: string): ChildProcess {
  const program = fileURLToPath(new URL("./durable-child.suite.ts", import.meta.url));
  return spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Lets a process write until so many writes are acknowledged, and kills it in the middle of others. */
async function writeUntilKilled(path: string, writes: number): Promise<readonly Acknowledged[]> {
  const child = startChild(path);
  const acknowledged: Acknowledged[] = [];
  if (!child.stdout) throw new Error("The child has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const [client = "", number = "", revision] = line.split(" ");
    if (revision) acknowledged.push({ client, number, revision: Number(revision) });
    if (acknowledged.length === writes) child.kill("SIGKILL");
  }
  ok(acknowledged.length >= writes);
  return acknowledged;
}

function checkFile(path: string): void {
  const database = new DatabaseSync(path);
  equal(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
  database.close();
}

async function revisionsOf(
  store: Awaited<ReturnType<typeof openSqliteStore>>,
): Promise<readonly number[]> {
  const watch = new RecordingWatch(store, { ...everything, startRevision: 2 });
  watch.watch.requestProgress();
  await watch.until(({ progress }) => progress.length > 0);
  return watch.events.map(({ kv }) => kv.modRevision);
}

describe("openSqliteStore() where another has the directory", () => {
  it("refuses with LockedError and names the directory, until the other process is gone", async () => {
    const path = newPath();
    const child = startChild(path);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    child.stdout?.resume();
    await rejects(openSqliteStore({ path }), (error: unknown) => {
      ok(error instanceof LockedError);
      ok(error.message.includes(join(path, "..")));
      return true;
    });
    child.kill("SIGKILL");
    await ended;
    await using store = await openSqliteStore({ path, writer: "inline" });
    ok((await store.headRevision()) >= 1);
  });

  it("refuses a second store in the same process, and lets go on close", async () => {
    const path = newPath();
    const first = await openSqliteStore({ path, writer: "inline" });
    await rejects(openSqliteStore({ path, writer: "inline" }), LockedError);
    await put(first, "a", "1");
    await first[Symbol.asyncDispose]();
    await using second = await openSqliteStore({ path, writer: "inline" });
    equal((await second.range({ key: k("a") })).count, 1);
  });
});

describe("openSqliteStore() and files that are no store", () => {
  const refuse = async (
    path: string,
    message: RegExp,
    writers: readonly ("inline" | "thread")[] = ["inline"],
  ): Promise<void> => {
    for (const writer of writers) {
      await rejects(openSqliteStore({ path, writer }), (error: unknown) => {
        ok(error instanceof UnavailableError);
        ok(error.message.includes(path));
        ok(message.test(error.message), error.message);
        return true;
      });
    }
  };

  it("refuses a file that is not SQLite's, and leaves it as it is", async () => {
    const path = newPath();
    writeFileSync(path, "something else entirely\n".repeat(100));
    await refuse(path, /not a database/, ["inline", "thread"]);
    ok(readFileSync(path, "utf8").startsWith("something else"));
  });

  it("refuses a SQLite database of somebody else, and leaves it as it is", async () => {
    const path = newPath();
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE theirs (a)");
    database.close();
    const before = readFileSync(path);
    await refuse(path, /not a store of cellplane/);
    deepEqual(readFileSync(path), before);
  });

  it("refuses a newer schema", async () => {
    const path = await storeWith((path) => sql(path, "UPDATE kv_meta SET schema = 2"));
    await refuse(path, /its schema is 2, and this version knows only up to 1/);
  });

  it("refuses a head that the log does not have", async () => {
    const path = await storeWith((path) => sql(path, "DELETE FROM kv_log WHERE id >> 20 = 3"));
    await refuse(path, /damaged: the head is revision 3, and the log ends at 2/);
  });

  it("refuses a file that was cut off", async () => {
    const path = await storeWith((path) => truncateSync(path, 8192));
    await refuse(path, /malformed|not a database/);
  });
});

async function storeWith(damage: (path: string) => void): Promise<string> {
  const path = newPath();
  const store = await openSqliteStore({ path, writer: "inline" });
  await putAll(store, ["a", "b"]);
  await store[Symbol.asyncDispose]();
  damage(path);
  return path;
}

function sql(path: string, statement: string): void {
  const database = new DatabaseSync(path);
  database.exec(statement);
  database.close();
}

describe("openSqliteStore() on a full disk", () => {
  it("refuses with NoSpaceError what does not fit, and loses nothing", async () => {
    const path = newPath();
    const store = await openSqliteStore({ path, maxFileBytes: 512 * 1024 });
    await put(store, "a", "before");
    const watch = new RecordingWatch(store, everything);
    const large = Buffer.alloc(1024 * 1024);
    const results = await Promise.allSettled([
      put(store, "b", "neighbour"),
      run(store, { kind: "put", key: k("large"), value: large }),
      put(store, "c", "neighbour"),
    ]);
    deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    ok(results[1]?.status === "rejected" && results[1].reason instanceof NoSpaceError);
    equal((await remove(store, "a")).revision, 5);
    equal(watch.text, "+b=neighbour@3 +c=neighbour@4 -a@5");
    await store[Symbol.asyncDispose]();
    await using again = await openSqliteStore({ path, writer: "inline" });
    equal((await again.range({ ...everything, keysOnly: true })).count, 2);
  });

  it("refuses puts beyond the quota, and goes on with reads, deletes and puts after room was made", async () => {
    await using store = await openSqliteStore({
      path: newPath(),
      writer: "inline",
      quotaBytes: 600 * 1024,
    });
    const value = "x".repeat(100 * 1024);
    const results = [];
    for (let i = 0; i < 20; i++) {
      results.push(...(await Promise.allSettled([put(store, "a", value)])));
    }
    const last = results.at(-1);
    ok(last?.status === "rejected" && last.reason instanceof NoSpaceError);
    equal(results[0]?.status, "fulfilled");
    equal((await store.range({ key: k("a") })).count, 1);
    await remove(store, "a");
    const head = await store.headRevision();
    await store.compact(head);
    await eventually(async () => (await store.status()).sizeBytes < 500 * 1024);
    equal((await put(store, "b", "room again")).revision, head + 1);
  });
});
