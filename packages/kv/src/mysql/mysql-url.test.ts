import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMysqlUrl, redactMysqlUrl } from "./mysql-url.ts";

const files: Readonly<Record<string, string>> = { "/p": "from file\n", "/ca": "CA" };

const parse = (
  text: string,
  environment: Readonly<Record<string, string>> = {},
): ReturnType<typeof parseMysqlUrl> =>
  parseMysqlUrl(text, environment, (path) => {
    const content = files[path];
    if (content === undefined) throw new Error(`ENOENT: ${path}`);
    return content;
  });

describe("parseMysqlUrl()", () => {
  it("takes host, port, user and database, decoded", () => {
    deepEqual(parse("mysql://root%40tenant:p%2Fw@[::1]:2881/my_db"), {
      host: "::1",
      port: 2881,
      user: "root@tenant",
      password: "p/w",
      database: "my_db",
    });
    equal(parse("mysql://u@h/d").port, 3306);
  });

  it("takes the password of the URL, else of the file, else of the environment", () => {
    const environment = { CELLPLANE_DATASTORE_PASSWORD: "from environment" };
    equal(parse("mysql://u:here@h/d?password-file=/p", environment).password, "here");
    equal(parse("mysql://u@h/d?password-file=/p", environment).password, "from file");
    equal(parse("mysql://u@h/d", environment).password, "from environment");
    equal(parse("mysql://u@h/d").password, "");
  });

  it("uses TLS where an authority is named, or the system's are asked for", () => {
    deepEqual(parse("mysql://u@h/d?ssl-ca=/ca").tls, { ca: "CA" });
    deepEqual(parse("mysql://u@h/d?ssl=true").tls, {});
    equal(parse("mysql://u@h/d?ssl-mode=DISABLED").tls, undefined);
    deepEqual(parse("mysql://u@h/d?ssl-mode=required").tls, { verify: "REQUIRED" });
    deepEqual(parse("mysql://u@h/d?ssl-mode=VERIFY_CA&ssl-ca=/ca").tls, {
      ca: "CA",
      verify: "VERIFY_CA",
    });
    deepEqual(parse("mysql://u@h/d?ssl-mode=VERIFY_IDENTITY").tls, {});
    throws(() => parse("mysql://u@h/d?ssl-mode=PREFERRED"), /may end unencrypted; use REQUIRED/);
    throws(() => parse("mysql://u@h/d?ssl-mode=on"), /ssl-mode is "ON", known are DISABLED, /);
    throws(() => parse("mysql://u@h/d?ssl-mode=DISABLED&ssl-ca=/ca"), /contradicts/);
    equal(parse("mysql://u@h/d").tls, undefined);
    throws(() => parse("mysql://u@h/d?ssl-cert=/ca"), /ssl-cert and ssl-key go together/);
  });

  it("takes how many connections read, within bounds", () => {
    equal(parse("mysql://u@h/d?read-connections=8").readConnections, 8);
    for (const wrong of ["0", "65", "1e1", ""]) {
      throws(() => parse(`mysql://u@h/d?read-connections=${wrong}`), /must be from 1 to 64/);
    }
  });

  it("refuses what it does not know", () => {
    throws(() => parse("mysql://u:100%@h/d"), /u@h\/d" as .* stands for nothing; write .*%25$/);
    throws(() => parse("mysql://u@h/d?sslmode=off"), /unknown parameter "sslmode"/);
    throws(() => parse("mysql://u@h/"), /must name one database/);
  });
});

describe("redactMysqlUrl()", () => {
  it("shows neither password nor parameters", () => {
    equal(redactMysqlUrl("mysql://u:secret@h:1/d?password-file=/p"), "mysql://u@h:1/d");
    equal(redactMysqlUrl("mysql//u:secret@h"), "mysql//…@h");
  });

  it("shows nothing of a password whose characters are not escaped, and parsing says how to write them", () => {
    for (const mark of ["/", "?", "#"]) {
      const url = `mysql://u:12${mark}34@h:1/d`;
      equal(redactMysqlUrl(url), "mysql://…@h:1/d");
      throws(() => parse(url), /"mysql:\/\/…@h:1\/d" as .*write \/, \?, #, @ and % of .* as %2F/);
    }
  });
});
