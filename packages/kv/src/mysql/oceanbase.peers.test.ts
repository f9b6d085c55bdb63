import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { describeMvccStore } from "../store/mvcc-store.suite.ts";
import { put } from "../store/mvcc-testing.suite.ts";
import { MysqlProxy } from "./mysql-proxy.suite.ts";
import { forgetful, hasServer, MysqlTestServer } from "./mysql-server.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

// With next to nothing in memory, so that values and history come from the database.
const ring = { maxChanges: 3, maxBytes: 1000 };

describe("as OceanBase", { skip: !hasServer("mysql") && "the server is not installed" }, () => {
  let server: MysqlTestServer;
  let proxy: MysqlProxy;
  before(async () => {
    server = await MysqlTestServer.start("mysql", forgetful);
    proxy = await MysqlProxy.open(server.port, { asOceanBase: true });
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  describeMvccStore(
    "openMysqlStore()",
    async () => openMysqlStore(proxy.urlOf(await server.newDatabase()), { ring }),
    { histories: 10 },
  );

  it("is known by its version, with a session set-up of its own, and nothing that it does not promise", async () => {
    const url = proxy.urlOf(await server.newDatabase()).replace("tester", "tester%40shop%23east");
    await using store = await openMysqlStore(url);
    equal((await store.status()).driver, "oceanbase");
    await put(store, "a", "1");
    ok(proxy.settings.has("SET SESSION ob_read_consistency = 'STRONG'"));
    deepEqual([...proxy.fragile], []);
  });
});
