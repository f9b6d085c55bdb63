import { equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CompactedError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
import { acceptMysqlLoss } from "./accept-mysql-loss.ts";
import { MysqlTestServer } from "./mysql-server.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const everything = { key: k("\0"), end: k("\0") };
const gone = /acknowledged writes are gone: revision 4 was acknowledged, and the database is at 2/;

describe("a store whose database went back, and that stays open", () => {
  let server: MysqlTestServer;
  before(async () => {
    server = await MysqlTestServer.start("mariadb");
  });
  after(() => server[Symbol.asyncDispose]());

  /** Three writes and a copy of the first, as a backup has it. */
  async function open(url: string): Promise<{ readonly store: MvccStore; readonly db: string }> {
    const store = await openMysqlStore(url);
    for (const value of ["1", "2", "3"]) await put(store, "a", value);
    const db = new URL(url).pathname.slice(1);
    await server.admin(
      `CREATE TABLE ${db}.saved_log AS SELECT * FROM ${db}.kv_log`,
      `CREATE TABLE ${db}.saved_current AS SELECT * FROM ${db}.kv_current`,
      `CREATE TABLE ${db}.saved_meta AS SELECT * FROM ${db}.kv_meta`,
    );
    return { store, db };
  }

  const goBack = (db: string): Promise<void> =>
    server.admin(
      `DELETE FROM ${db}.kv_log WHERE revision > 2`,
      `UPDATE ${db}.kv_current SET revision = 2, version = 1`,
      `UPDATE ${db}.kv_meta m SET revision = 2, token = (SELECT token FROM ${db}.kv_log l WHERE l.revision = 2)`,
    );

  it("refuses everything, and goes on when the right database is back", async () => {
    const { store, db } = await open(await server.newDatabase());
    await using _ = store;
    const watch = new RecordingWatch(store, everything);
    await goBack(db);
    await watch.until(({ ended }) => ended !== undefined);
    await rejects(store.range(everything), gone);
    await rejects(put(store, "a", "4"), gone);
    await rejects(async () => store.headRevision(), gone);
    await server.admin(
      `REPLACE INTO ${db}.kv_log SELECT * FROM ${db}.saved_log`,
      `REPLACE INTO ${db}.kv_current SELECT * FROM ${db}.saved_current`,
      `REPLACE INTO ${db}.kv_meta SELECT * FROM ${db}.saved_meta`,
    );
    equal(await headSoon(store), 4);
    equal((await put(store, "a", "4")).revision, 5);
  });

  it("goes on when the loss is accepted, far beyond what was told", async () => {
    const url = await server.newDatabase();
    const { store, db } = await open(url);
    await using _ = store;
    await goBack(db);
    await rejects(async () => {
      for (;;) await put(store, "b", "x");
    }, gone);
    await acceptMysqlLoss(url, { acknowledged: 4 });
    ok((await headSoon(store)) > 1_000_000);
    await put(store, "a", "on");
    const fromOld = new RecordingWatch(store, { ...everything, startRevision: 5 });
    await fromOld.until(({ ended }) => ended !== undefined);
    ok(fromOld.ended?.error instanceof CompactedError);
  });
});

/** The head, as soon as it can be told. */
async function headSoon(store: MvccStore): Promise<number> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await store.headRevision();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
