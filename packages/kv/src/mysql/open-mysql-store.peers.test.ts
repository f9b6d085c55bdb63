import { after, before, describe } from "node:test";
import { describeLeases, describeMvccStore } from "../store/mvcc-store.suite.ts";
import { describeConcurrentWatch } from "../store/mvcc-watch.suite.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

// With next to nothing in memory, so that values and history come from the database.
const ring = { maxChanges: 3, maxBytes: 1000 };

for (const kind of ["mariadb", "mysql"] satisfies ServerKind[]) {
  describe(`on ${kind}`, { skip: !hasServer(kind) && "the server is not installed" }, () => {
    let server: MysqlTestServer;
    before(async () => {
      server = await MysqlTestServer.start(kind);
    });
    after(() => server[Symbol.asyncDispose]());
    describeMvccStore("openMysqlStore()", async () =>
      openMysqlStore(await server.newDatabase(), { ring }),
    );
    describeLeases("openMysqlStore()", async (leaseClock) =>
      openMysqlStore(await server.newDatabase(), { ring, leaseClock }),
    );
    describeLeases(
      "openMysqlStore() by the database's clock",
      async () => openMysqlStore(await server.newDatabase(), { ring }),
      { clock: "real" },
    );
    describe("openMysqlStore() with a ring", () =>
      describeConcurrentWatch(async () => openMysqlStore(await server.newDatabase())));
  });
}
