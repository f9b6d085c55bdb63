import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { NoSpaceError } from "../store/kv-error.ts";
import type { MvccStore, Operation } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch, remove, run } from "../store/mvcc-testing.suite.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import { MysqlSession, type SqlRow } from "./mysql-session.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const everything = { key: k("\0"), end: k("\0") };

for (const kind of ["mariadb", "mysql"] satisfies ServerKind[]) {
  describe(
    `a store on ${kind}`,
    { skip: !hasServer(kind) && "the server is not installed" },
    () => {
      let server: MysqlTestServer;
      before(async () => {
        server = await MysqlTestServer.start(kind);
      });
      after(() => server[Symbol.asyncDispose]());

      it("writes on where another has just written more than is read under the lock", async () => {
        const url = await server.newDatabase();
        await using one = await openMysqlStore(url, { maxTxnOperations: 5000 });
        await using two = await openMysqlStore(url);
        const watch = new RecordingWatch(two, { key: k("after") });
        for (let round = 1; round <= 5; round++) {
          await run(one, ...manyPuts(1000, `${round}`));
          equal((await put(two, "after", `${round}`)).revision, 2 * round + 1);
          equal((await two.range({ ...everything, countOnly: true })).count, 1001);
        }
        await watch.until(({ events }) => events.length === 5);
        equal(watch.text, "+after=1@3 +after=2@5 +after=3@7 +after=4@9 +after=5@11");
      });

      it("forgets writers that have long been dead, and no others", async () => {
        const url = await server.newDatabase();
        await using first = await openMysqlStore(url);
        await put(first, "a", "1");
        const [[firstId] = []] = await query(url, "SELECT id FROM kv_writer");
        const hoursAgo = (hours: number): string => `(UNIX_TIMESTAMP() - ${hours * 3600}) * 1000`;
        await query(
          url,
          `INSERT INTO kv_writer VALUES (11, 1, 2, 2, ${hoursAgo(25)}), (12, 1, 2, 2, ${hoursAgo(5)}), (13, 1, 2, 2, 40)`,
        );
        await using second = await openMysqlStore(url);
        await put(second, "a", "2");
        const ids = (await query(url, "SELECT id FROM kv_writer")).map(([id]) => Number(id));
        deepEqual(
          [ids.length, ids.includes(11), ids.includes(12), ids.includes(13)],
          [4, false, true, true],
        );
        ok(ids.includes(Number(firstId)));
      });

      it("waits until compacted rows are removed, whoever removes them", async () => {
        const url = await server.newDatabase();
        const options = { maxTxnOperations: 5000 };
        await using one = await openMysqlStore(url, options);
        await using two = await openMysqlStore(url, options);
        for (let round = 1; round <= 5; round++) await run(one, ...manyPuts(600, `${round}`));
        for (let i = 0; i < 2500; i += 100) {
          await Promise.all(Array.from({ length: 100 }, (_, j) => put(two, "b", `${i + j}`)));
        }
        await remove(one, "b");
        await put(one, "c", "1");
        const head = await one.headRevision();
        equal(head, 2508);
        const outcomes = await Promise.allSettled([
          one.compactPhysically?.(head - 1),
          two.compactPhysically?.(head),
        ]);
        equal(outcomes[1]?.status, "fulfilled");
        const left = await query(url, "SELECT COUNT(*) FROM kv_log");
        // The live keys; the deletion went, as it is below.
        equal(Number(left[0]?.[0]), 601);
        const [[position] = []] = await query(url, "SELECT position FROM kv_compaction");
        equal(Number(position), head);
      });

      it("refuses puts beyond its quota, and takes them again when there is room", async () => {
        const url = await server.newDatabase();
        const quotaBytes = 4 * 1024 * 1024;
        await using store = await openMysqlStore(url, { quotaBytes });
        const { sizeBytes, sizeInUseBytes = 0 } = await store.status();
        ok(sizeInUseBytes > 0 && sizeInUseBytes <= sizeBytes, `${sizeInUseBytes} of ${sizeBytes}`);
        const value = "v".repeat(100_000);
        const refused = async (): Promise<void> => {
          for (let i = 0; i < 100; i++) await put(store, `k${i % 20}`, value);
        };
        await rejects(refused(), NoSpaceError);
        equal((await store.range({ key: k("k0") })).count, 1);
        await rejects(async () => store.leases?.grant({ id: 1, ttlSeconds: 60 }), NoSpaceError);
        const [key, end] = [k("k"), k("l")];
        const { revision } = await run(store, { kind: "delete", key, end });
        await store.compactPhysically?.(revision);
        await putSoon(store);
      });
    },
  );
}

function manyPuts(count: number, value: string): Operation[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: "put" as const,
    key: k(`many${i}`),
    value: k(value),
  }));
}

/** Puts as soon as the server has found that there is room. */
async function putSoon(store: MvccStore): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await put(store, "again", "v".repeat(1000));
      return;
    } catch (error) {
      if (!(error instanceof NoSpaceError) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function query(url: string, sql: string): Promise<readonly SqlRow[]> {
  const { port, pathname } = new URL(url);
  const where = { host: "127.0.0.1", port: Number(port), user: "tester", password: "s3cret-word" };
  await using session = await MysqlSession.open({ ...where, database: pathname.slice(1) }, []);
  const [rows = []] = await session.run([sql], 10_000);
  return rows;
}
