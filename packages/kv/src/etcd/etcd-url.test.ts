import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEtcdUrl, redactEtcdUrl } from "./etcd-url.ts";

const files: Readonly<Record<string, string>> = { "/p": "from file\n", "/ca": "CA", "/k": "KEY" };

const parse = (
  text: string,
  environment: Readonly<Record<string, string>> = {},
): ReturnType<typeof parseEtcdUrl> =>
  parseEtcdUrl(text, environment, (path) => {
    const content = files[path];
    if (content === undefined) throw new Error(`ENOENT: ${path}`);
    return content;
  });

describe("parseEtcdUrl()", () => {
  it("takes one host or several, of names and addresses, with etcd's port where none is given", () => {
    deepEqual(parse("etcd://a:1,b,[::1]:3,127.0.0.1:80/"), {
      endpoints: ["http://a:1", "http://b:2379", "http://[::1]:3", "http://127.0.0.1:80"],
      prefix: "",
      password: "",
    });
  });

  it("ends the prefix with a slash", () => {
    equal(parse("etcd://a?prefix=/cellplane").prefix, "/cellplane/");
    equal(parse("etcd://a?prefix=/cellplane/").prefix, "/cellplane/");
  });

  it("takes the password of the URL, else of the file, else of the environment", () => {
    const environment = { CELLPLANE_DATASTORE_PASSWORD: "from environment" };
    const { user, password } = parse("etcd://ro%40ot:p%2Fw@a?password-file=/p", environment);
    deepEqual([user, password], ["ro@ot", "p/w"]);
    equal(parse("etcd://u@a?password-file=/p", environment).password, "from file");
    equal(parse("etcd://u@a", environment).password, "from environment");
    equal(parse("etcd://a").user, undefined);
  });

  it("uses TLS where a file of it is named, or the system's authorities are asked for", () => {
    const all = parse("etcd://a:1?ssl-ca=/ca&ssl-cert=/ca&ssl-key=/k");
    deepEqual(all.tls, { ca: "CA", cert: "CA", key: "KEY" });
    deepEqual(all.endpoints, ["https://a:1"]);
    deepEqual(parse("etcd://a?ssl=true").tls, {});
    throws(() => parse("etcd://a?ssl-cert=/ca"), /ssl-cert and ssl-key go together/);
  });

  it("refuses what it does not know, and shows no password", () => {
    throws(() => parse("etcd://a?sslmode=off"), /unknown parameter "sslmode"/);
    throws(() => parse("etcd://"), /"" is no HOST:PORT/);
    throws(() => parse("etcd://a,,b"), /"" is no HOST:PORT/);
    throws(() => parse("etcd://u:secret@a:x"), { message: /"a:x" is no HOST:PORT/ });
    throws(
      () => parse("etcd://u:secret@a:x"),
      (error: Error) => !error.message.includes("secret"),
    );
    throws(() => parse("etcd://a/path"), /it must be etcd:/);
    throws(() => parse("etcd://u@a?password-file=/none"), /cannot be read: ENOENT/);
  });
});

describe("redactEtcdUrl()", () => {
  it("shows neither password nor parameters but the prefix, which names the store", () => {
    equal(redactEtcdUrl("etcd://u:secret@a:1,b:2?password-file=/p"), "etcd://u@a:1,b:2");
    equal(redactEtcdUrl("etcd://a?ssl-ca=/c&prefix=/one"), "etcd://a?prefix=/one/");
    equal(redactEtcdUrl("etcd//u:secret@h"), "etcd//…@h");
    for (const mark of ["/", "?"]) {
      equal(redactEtcdUrl(`etcd://u:12${mark}34@h:1`), "etcd://…@h:1");
    }
  });
});
