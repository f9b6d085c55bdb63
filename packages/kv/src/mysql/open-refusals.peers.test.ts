import { equal, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { UnavailableError } from "../store/kv-error.ts";
import { acceptMysqlLoss } from "./accept-mysql-loss.ts";
import { describeMysql } from "./describe-mysql.ts";
import { hasServer, MysqlTestServer } from "./mysql-server.suite.ts";
import { parseMysqlUrl } from "./mysql-url.ts";
import { verifyMysql } from "./mysql-verify.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const skip = !hasServer("mariadb") && "the server is not installed";

describe("a database that cannot be used", { skip }, () => {
  let server: MysqlTestServer;
  before(async () => {
    server = await MysqlTestServer.start("mariadb");
    await server.admin(
      "CREATE DATABASE few",
      "CREATE USER 'reader' IDENTIFIED BY 's3cret-word'",
      "GRANT SELECT ON few.* TO 'reader'",
      "CREATE USER 'few' IDENTIFIED BY 's3cret-word' WITH MAX_USER_CONNECTIONS 5",
      "GRANT ALL ON few.* TO 'few'",
    );
  });
  after(() => server[Symbol.asyncDispose]());

  const urlOf = (database: string, user = "tester"): string =>
    server.urlOf(database).replace("tester", user);

  const where = (): string => `at 127\\.0\\.0\\.1:${server.port}`;

  /** All that opens a database, each in its way. */
  const openings: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
    "a server": (url) => openMysqlStore(url),
    "a command": (url) => openMysqlStore(url, { mustExist: true }),
    status: (url) => describeMysql(parseMysqlUrl(url, {})),
    verify: (url) => verifyMysql(parseMysqlUrl(url, {})),
    "accept-loss": (url) => acceptMysqlLoss(url),
  };

  async function refusal(opening: Promise<unknown>, pattern: RegExp): Promise<void> {
    await rejects(opening, (error: Error) => {
      equal(error instanceof UnavailableError, true, String(error));
      equal(pattern.test(error.message), true, error.message);
      equal(error.message.includes("s3cret"), false);
      return true;
    });
  }

  for (const [name, open] of Object.entries(openings)) {
    it(`is named to ${name}, with the way out`, async () => {
      await refusal(
        open(urlOf("few").replace("s3cret-word", "s3cret-other")),
        RegExp(`^Cannot open the database "few" ${where()}: Access denied`),
      );
      await refusal(
        open(urlOf("absent")),
        RegExp(
          `"absent" ${where()}: Unknown database 'absent'; create it: CREATE DATABASE absent$`,
        ),
      );
      await refusal(
        open(urlOf("absent", "reader")),
        /Access denied.*; see that it exists, .*: GRANT CREATE, .* ON absent\.\* TO 'reader'/,
      );
    });

    if (name === "a server") continue;
    it(`is left as it is by ${name} where no store is in it`, async () => {
      // Twice, as the look must not make one.
      for (let time = 0; time < 2; time++) {
        await refusal(open(urlOf("few")), RegExp(`there is none in the database "few" ${where()}`));
      }
    });
  }

  it("is refused by a server where the user may not do what it needs", async () => {
    await refusal(
      openMysqlStore(urlOf("few", "reader")),
      /CREATE command denied.*; .*GRANT CREATE/,
    );
    await refusal(
      openMysqlStore(urlOf("few", "few")),
      /may have 5 connections .*, and 8 are needed; allow/,
    );
  });
});
