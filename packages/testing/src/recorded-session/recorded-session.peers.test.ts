import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { openEtcdStore, openMysqlStore } from "@cellplane/kv";
import { MysqlTestServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { EtcdPeer } from "../../../etcd/src/server/etcd-peers.suite.ts";
import { Facade } from "./facade.suite.ts";
import { countAnswers, readRecordedSession } from "./recorded-session.suite.ts";
import { replaySession } from "./replay-session.ts";

describe("a recorded session of kube-apiserver", () => {
  const lines = readRecordedSession();

  it("is answered alike by another etcd, so the comparison is fair", async () => {
    await using etcd = await EtcdPeer.start();
    const { equal: count, differences } = await replaySession(lines, etcd.url);
    deepEqual(differences, []);
    equal(count, countAnswers(lines));
  });

  it("is answered alike from an etcd behind the facade", async () => {
    await using etcd = await EtcdPeer.start();
    const store = await openEtcdStore(etcd.url.replace("http://", "etcd://"));
    await using facade = await Facade.open(store);
    const { equal: count, differences } = await replaySession(lines, facade.url);
    deepEqual(differences, []);
    equal(count, countAnswers(lines));
  });

  for (const kind of ["mariadb", "mysql"] as const) {
    it(`is answered alike from ${kind}`, async () => {
      await using database = await MysqlTestServer.start(kind);
      const store = await openMysqlStore(await database.newDatabase());
      await using facade = await Facade.open(store);
      const { equal: count, differences } = await replaySession(lines, facade.url);
      deepEqual(differences, []);
      equal(count, countAnswers(lines));
    });
  }
});
