import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { MvccStore, TxnResult } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
import { CuttingProxy } from "./cutting-proxy.suite.ts";
import { MysqlProxy } from "./mysql-proxy.suite.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const everything = { key: k("\0"), end: k("\0") };

/** More writes than a store makes before it relies on being alone. */
const quietWrites = 8;

for (const kind of ["mariadb", "mysql"] satisfies ServerKind[]) {
  const skip = !hasServer(kind) && "the server is not installed";
  describe(`a store on ${kind} that has been alone for a while`, { skip }, () => {
    let server: MysqlTestServer;
    before(async () => {
      server = await MysqlTestServer.start(kind, ["--innodb-buffer-pool-size=32M"]);
    });
    after(() => server[Symbol.asyncDispose]());
    describeRoundTrips(() => server);
    describeOthers(() => server);
    describeCuts(() => server);
    describeGuard(() => server);
    if (kind === "mysql") describeOceanBase(() => server);
  });
}

type Given = () => MysqlTestServer;

async function writeAlone(store: MvccStore): Promise<void> {
  for (let i = 1; i <= quietWrites; i++) await put(store, "a", `${i}`);
}

/** Writes a key that stands at a revision; reads it where it does not. */
function update(store: MvccStore, value: string, operand: number): Promise<TxnResult> {
  return store.txn({
    compare: [{ key: k("a"), target: "mod", result: "equal", operand }],
    success: [{ kind: "put", key: k("a"), value: k(value) }],
    failure: [{ kind: "range", key: k("a") }],
  });
}

function describeRoundTrips(given: Given): void {
  it("commits in one message, and writes nothing where compares are lost", async () => {
    const url = new URL(await given().newDatabase());
    await using proxy = await CuttingProxy.open(given().port);
    url.port = String(proxy.port);
    await using store = await openMysqlStore(url.href);
    await writeAlone(store);
    const [commits, locks] = [proxy.commits, proxy.locks];
    for (let i = 0; i < 5; i++) await put(store, "a", "more");
    equal((await update(store, "lost", 3)).succeeded, false);
    equal(proxy.commits - commits, 5);
    equal(proxy.locks - locks, 0);
  });
}

function describeOthers(given: Given): void {
  it("decides again on what another has written meanwhile", async () => {
    const url = await given().newDatabase();
    await using one = await openMysqlStore(url);
    await using two = await openMysqlStore(url);
    const watch = new RecordingWatch(one, { ...everything, startRevision: 2 });
    let head = 1;
    for (let round = 0; round < 6; round++) {
      await writeAlone(one);
      head += quietWrites;
      const theirs = await put(two, "a", "theirs");
      equal(theirs.revision, ++head);
      // In turn: a put, a compare that is lost without a write, one that would have held before.
      if (round % 3 === 0) equal((await put(one, "b", "mine")).revision, ++head);
      if (round % 3 === 1) equal((await update(one, "lost", head - 1)).succeeded, false);
      if (round % 3 === 2) {
        const [told] = (await update(one, "lost", 2)).results;
        ok(told?.kind === "range");
        equal(told.kvs[0]?.value.toString(), "theirs");
      }
    }
    await watch.until(({ batches }) => batches.at(-1)?.revision === head);
    await checkGapless(url, head);
  });

  it("and a database that went back: refuses to write", async () => {
    const url = await given().newDatabase();
    await using store = await openMysqlStore(url);
    await writeAlone(store);
    const db = new URL(url).pathname.slice(1);
    await given().admin(
      `DELETE FROM ${db}.kv_log WHERE revision > 2`,
      `UPDATE ${db}.kv_current SET revision = 2, version = 1`,
      `UPDATE ${db}.kv_meta m SET revision = 2, token = (SELECT token FROM ${db}.kv_log l WHERE l.revision = 2)`,
    );
    await rejects(put(store, "a", "more"), /acknowledged writes are gone/);
  });
}

function describeCuts(given: Given): void {
  for (const cut of ["before-commit", "before-answer", "late"] as const) {
    it(`and whose connection is cut, ${cut}: each write takes effect once`, async () => {
      const direct = await given().newDatabase();
      const url = new URL(direct);
      await using proxy = await CuttingProxy.open(given().port);
      url.port = String(proxy.port);
      await using store = await openMysqlStore(url.href);
      let head = 1;
      for (let round = 1; round <= 3; round++) {
        await writeAlone(store);
        head += quietWrites;
        proxy.cutNext(cut);
        const { succeeded, revision } = await update(store, "cut", head);
        deepEqual([succeeded, revision], [true, ++head]);
        equal(proxy.cuts, round);
      }
      const { kvs } = await store.range({ key: k("a") });
      equal(kvs[0]?.version, head - 1);
      await checkGapless(direct, head);
    });
  }
}

function describeGuard(given: Given): void {
  it("whose statement that takes the lock fails in every SQL mode", async () => {
    await using session = await given().openSession();
    const db = new URL(await given().newDatabase()).pathname.slice(1);
    await session.run([`CREATE TABLE ${db}.t (one INT PRIMARY KEY, n BIGINT NOT NULL)`], 5000);
    await session.run([`INSERT INTO ${db}.t VALUES (1, 7)`], 5000);
    const guarded = `UPDATE ${db}.t SET n = IF(n = 8, 9, n + 9223372036854775807) WHERE one = 1`;
    for (const mode of ["", "STRICT_TRANS_TABLES", "NO_UNSIGNED_SUBTRACTION"]) {
      await session.run([`SET SESSION sql_mode = '${mode}'`], 5000);
      await rejects(session.run([guarded, `DELETE FROM ${db}.t`], 5000), { errno: 1690 });
    }
    deepEqual(await session.run([`SELECT n FROM ${db}.t`], 5000), [[[7]]]);
  });
}

function describeOceanBase(given: Given): void {
  it("takes the lock first for each batch where the server is OceanBase", async () => {
    await using proxy = await MysqlProxy.open(given().port, { asOceanBase: true });
    await using store = await openMysqlStore(proxy.urlOf(await given().newDatabase()));
    let commits = 0;
    let locks = 0;
    proxy.plan = {
      next({ statement, head }) {
        if (statement === "commit") commits++;
        if (statement === "lock" && head.includes("kv_meta")) locks++;
        return undefined;
      },
    };
    await writeAlone(store);
    ok(commits >= quietWrites);
    ok(locks >= quietWrites, `${locks} locks`);
  });
}

/** Who opens the store anew reads every revision once. */
async function checkGapless(url: string, head: number): Promise<void> {
  await using fresh = await openMysqlStore(url);
  equal(await fresh.headRevision(), head);
  const history = new RecordingWatch(fresh, { ...everything, startRevision: 2 });
  await history.until(({ batches }) => batches.at(-1)?.revision === head);
  deepEqual(
    history.events.map(({ kv }) => kv.modRevision),
    Array.from({ length: head - 1 }, (_, i) => i + 2),
  );
}
