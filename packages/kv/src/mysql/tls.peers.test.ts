import { equal, ok, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { UnavailableError } from "../store/kv-error.ts";
import { put } from "../store/mvcc-testing.suite.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";
import { makeAuthority, makeCertificate } from "./tls-certificates.suite.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-tls-"));
after(() => rmSync(folder, { recursive: true }));
const pem = (name: string): string => join(folder, `${name}.pem`);

before(() => {
  makeAuthority(folder, "right");
  makeAuthority(folder, "wrong");
  const authority = "right";
  makeCertificate(folder, { name: "server", authority, names: "IP:127.0.0.1" });
  makeCertificate(folder, { name: "named", authority, names: "DNS:localhost" });
  makeCertificate(folder, { name: "expired", authority, names: "IP:127.0.0.1", days: -1 });
  makeCertificate(folder, { name: "client", authority });
  makeCertificate(folder, { name: "stranger", authority: "wrong" });
});

for (const kind of ["mariadb", "mysql"] satisfies ServerKind[]) {
  describe(`TLS to ${kind}`, { skip: !hasServer(kind) && "the server is not installed" }, () => {
    let server: MysqlTestServer;
    before(async () => {
      server = await MysqlTestServer.start(kind, serverArgs("server"));
      await server.admin(...users(kind));
    });
    after(() => server[Symbol.asyncDispose]());
    const newUrl: NewUrl = async (parameters, user) =>
      urlWith(await server.newDatabase(), parameters, user);
    describeVerification(newUrl);
    describeUsers(newUrl, kind);
    describeSecrets(newUrl);
    // Last, for it starts the server again.
    describeServer(() => server);
  });
}

/** Parameters of a URL. */
type Parameters = Readonly<Record<string, string>>;

type NewUrl = (parameters: Parameters, user?: string) => Promise<string>;

function describeVerification(newUrl: NewUrl): void {
  describe("the server's certificate", () => {
    it("is right where the authority is, and the connection is encrypted", async () => {
      await use(await newUrl({ "ssl-ca": pem("right") }, "encrypted"));
      await use(
        await newUrl({ "ssl-ca": pem("right"), "ssl-mode": "verify_identity" }, "encrypted"),
      );
      await use(await newUrl({ "ssl-ca": pem("right"), "ssl-mode": "VERIFY_CA" }, "encrypted"));
      await use(await newUrl({ "ssl-mode": "REQUIRED" }, "encrypted"));
    });

    it("is refused under another authority, and under the system's", async () => {
      for (const parameters of [
        { "ssl-ca": pem("wrong") },
        { "ssl-ca": pem("wrong"), "ssl-mode": "VERIFY_CA" },
        { ssl: "true" },
        { "ssl-mode": "VERIFY_IDENTITY" },
      ]) {
        const text = await refusal(await newUrl(parameters));
        ok(/(self.signed|unable to).*; ssl-ca must name the authority/.test(text), text);
      }
    });
  });
}

function describeUsers(newUrl: NewUrl, kind: ServerKind): void {
  describe("a user", () => {
    it("who must come over TLS is refused without it", async () => {
      const text = await refusal(await newUrl({}, "encrypted"));
      ok(/Access denied.*only over TLS, give ssl-ca/.test(text), text);
    });

    it("who must have a certificate of its own is refused without, with a stranger's, and let in with it", async () => {
      const ca = { "ssl-ca": pem("right") };
      const text = await refusal(await newUrl(ca, "certified"));
      ok(/Access denied.*\(REQUIRE X509\), give ssl-cert and ssl-key/.test(text), text);
      const own = (name: string): Parameters => ({
        ...ca,
        "ssl-cert": pem(name),
        "ssl-key": pem(`${name}-key`),
      });
      await refusal(await newUrl(own("stranger"), "certified"));
      await use(await newUrl(own("client"), "certified"));
    });

    for (const user of kind === "mysql" ? ["sha2"] : ["native", "ed25519"]) {
      it(`comes in by ${user}, with TLS and without`, async () => {
        await use(await newUrl({}, user));
        await use(await newUrl({ "ssl-ca": pem("right") }, user));
      });

      it(`is refused by ${user} with another password, which is in no message`, async () => {
        const text = await refusal((await newUrl({}, user)).replace("s3cret-word", "s3cret-other"));
        ok(/Access denied/.test(text), text);
      });
    }

    // MySQL's other plug-ins do not come with it.
    if (kind === "mysql") return;
    it("is told which plug-ins there are where the server asks for another", async () => {
      const text = await refusal(await newUrl({}, "pam"));
      ok(/unknown plugin dialog; identify the user by/.test(text), text);
    });
  });
}

function describeServer(given: () => MysqlTestServer): void {
  describe("a server", () => {
    /** The URL of a database of the server that runs with other options now. */
    const restarted = async (args: readonly string[], parameters: Parameters): Promise<string> => {
      const server = given();
      await server.kill();
      await server.run(args);
      return urlWith(await server.newDatabase(), parameters);
    };

    it("is refused by an address that its certificate does not name, unless only the authority counts", async () => {
      const url = await restarted(serverArgs("named"), { "ssl-ca": pem("right") });
      const text = await refusal(url);
      ok(
        /does not match certificate's altnames.*127\.0\.0\.1.*ssl-mode=VERIFY_CA/.test(text),
        text,
      );
      await use(url.replace("?", "?ssl-mode=VERIFY_CA&"));
      await use(url.replace("127.0.0.1", "localhost"));
    });

    it("is refused once its certificate has expired", async () => {
      const text = await refusal(
        await restarted(serverArgs("expired"), { "ssl-ca": pem("right") }),
      );
      ok(/certificate has expired; renew the server's certificate/.test(text), text);
    });

    it("is refused where it offers no TLS although that is required", async () => {
      const none = given().kind === "mysql" ? ["--tls-version="] : ["--skip-ssl"];
      const text = await refusal(await restarted(none, { "ssl-mode": "REQUIRED" }));
      ok(/does not support secure connection; set up TLS there/.test(text), text);
    });
  });
}

function describeSecrets(newUrl: NewUrl): void {
  describe("the password", () => {
    it("comes from a file or the environment, and is in no message", async () => {
      const passwordFile = join(folder, "password");
      writeFileSync(passwordFile, "s3cret-word\n", { mode: 0o600 });
      const without = async (parameters: Parameters): Promise<string> =>
        (await newUrl({ "ssl-ca": pem("right"), ...parameters })).replace(":s3cret-word", "");
      await use(await without({ "password-file": passwordFile }));
      const environment = { CELLPLANE_DATASTORE_PASSWORD: "s3cret-word" };
      await use(await without({}), environment);
      ok(/Access denied/.test(await refusal(await without({}))));
    });
  });
}

async function use(url: string, environment: Parameters = {}): Promise<void> {
  await using store = await openMysqlStore(url, { environment });
  equal((await put(store, "a", "1")).revision, await store.headRevision());
}

/** The message, which names the host and no secret. */
async function refusal(url: string): Promise<string> {
  let text = "";
  await rejects(openMysqlStore(url), (error: Error) => {
    ok(error instanceof UnavailableError, String(error));
    text = error.message;
    return true;
  });
  ok(text.includes(`127.0.0.1:${new URL(url).port}`), text);
  ok(!/s3cret/.test(text), text);
  return text;
}

function urlWith(direct: string, parameters: Parameters, user = "tester"): string {
  const url = new URL(direct);
  url.username = user;
  url.search = new URLSearchParams(parameters).toString();
  return url.href;
}

function serverArgs(name: string): readonly string[] {
  return [`--ssl-ca=${pem("right")}`, `--ssl-cert=${pem(name)}`, `--ssl-key=${pem(`${name}-key`)}`];
}

function users(kind: ServerKind): readonly string[] {
  const password = "IDENTIFIED BY 's3cret-word'";
  const plugins =
    kind === "mysql"
      ? [["sha2", `IDENTIFIED WITH caching_sha2_password BY 's3cret-word'`]]
      : [
          ["native", `IDENTIFIED VIA mysql_native_password USING PASSWORD('s3cret-word')`],
          ["ed25519", `IDENTIFIED VIA ed25519 USING PASSWORD('s3cret-word')`],
          ["pam", "IDENTIFIED VIA pam"],
        ];
  const all = [
    ["encrypted", `${password} REQUIRE SSL`],
    ["certified", `${password} REQUIRE X509`],
    ...plugins,
  ];
  return [
    ...(kind === "mariadb"
      ? ["INSTALL SONAME 'auth_ed25519'", "INSTALL SONAME 'auth_pam_v1'"]
      : []),
    ...all.flatMap(([name, how]) => [
      `CREATE USER '${name}'@'%' ${how}`,
      `GRANT ALL ON *.* TO '${name}'@'%'`,
    ]),
  ];
}
