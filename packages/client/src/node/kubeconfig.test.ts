import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { KubeconfigError, loadKubeconfig } from "./kubeconfig.ts";
import { execToken, fileToken } from "./token-sources.ts";

let folder = "";

interface Parts {
  readonly name: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly namespace?: string;
  readonly current?: boolean;
}

/** Writes a kubeconfig of one context, which is called like its cluster and its user. */
async function write(file: string, parts: Parts): Promise<string> {
  const { name, cluster = { server: "https://127.0.0.1:1" }, user = {}, namespace } = parts;
  const content = {
    apiVersion: "v1",
    kind: "Config",
    ...(parts.current === false ? {} : { "current-context": name }),
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
  };
  const path = join(folder, file);
  await writeFile(path, JSON.stringify(content));
  return path;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
after(() => rm(folder, { recursive: true }));

describe("loadKubeconfig()", () => {
  it("reads certificates from data and from files beside the kubeconfig", async () => {
    await writeFile(join(folder, "client.key"), "KEY");
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const file = await write("certificates", {
      name: "a",
      namespace: "shop",
      cluster: {
        server: "https://127.0.0.1:1/",
        "certificate-authority-data": base64("CA"),
        "tls-server-name": "kubernetes",
        "insecure-skip-tls-verify": true,
      },
      user: { "client-certificate-data": base64("CERT"), "client-key": "client.key", as: "jane" },
    });
    deepEqual(await loadKubeconfig({ file }), {
      context: "a",
      namespace: "shop",
      connection: {
        server: "https://127.0.0.1:1",
        caBundle: "CA",
        tlsServerName: "kubernetes",
        insecureSkipTlsVerify: true,
        clientCertificate: "CERT",
        clientKey: "KEY",
        impersonateUser: "jane",
      },
    });
  });

  it("gives the token, and prefers the file that is kept fresh", async () => {
    const file = await write("token", { name: "a", user: { token: "static" } });
    equal(await (await loadKubeconfig({ file })).connection.token?.("cached"), "static");
    await writeFile(join(folder, "token.txt"), "first\n");
    const both = { token: "static", tokenFile: "token.txt" };
    const second = await write("token-file", { name: "a", user: both });
    equal(await (await loadKubeconfig({ file: second })).connection.token?.("cached"), "first");
  });

  it("merges the files of KUBECONFIG, the first one wins, and passes over missing ones", async () => {
    const one = await write("one", { name: "a", current: false });
    const two = await write("two", { name: "b", cluster: { server: "https://two:1" } });
    const env = { KUBECONFIG: [join(folder, "missing"), one, two].join(delimiter) };
    const loaded = await loadKubeconfig({ env });
    equal(loaded.context, "b");
    equal(loaded.connection.server, "https://two:1");
    equal(loaded.namespace, "default");
    equal((await loadKubeconfig({ env, context: "a" })).context, "a");
  });

  it("looks in the home folder where nothing else is said", async () => {
    await rejects(
      loadKubeconfig({ env: { HOME: folder } }),
      new KubeconfigError(
        `Cannot read the kubeconfig "${folder}/.kube/config": there is no such file; give one with --kubeconfig or KUBECONFIG`,
      ),
    );
  });

  it("says which contexts there are where the wanted one is missing", async () => {
    const file = await write("missing-context", { name: "a" });
    await rejects(
      loadKubeconfig({ file, context: "b" }),
      new KubeconfigError(`Cannot find the context "b" in "${file}": it has "a"`),
    );
  });

  it("says which clusters there are where the context's is missing", async () => {
    const file = await write("missing-cluster", { name: "a" });
    const content = await readFile(file, "utf8");
    await writeFile(file, content.replace('"cluster":"a"', '"cluster":"gone"'));
    await rejects(
      loadKubeconfig({ file }),
      new KubeconfigError(`Cannot find the cluster "gone" in "${file}": it has "a"`),
    );
  });

  it("refuses what is no YAML, has no current context, or no URL for a server", async () => {
    const broken = join(folder, "broken");
    await writeFile(broken, "a: [");
    await rejects(
      loadKubeconfig({ file: broken }),
      new KubeconfigError(`Cannot read the kubeconfig "${broken}" as it is no YAML`),
    );
    const none = await write("none", { name: "a", current: false });
    await rejects(
      loadKubeconfig({ file: none }),
      new KubeconfigError(
        `Cannot choose a context as "${none}" has no current-context; give --context`,
      ),
    );
    const server = await write("server", { name: "a", cluster: { server: "nonsense" } });
    await rejects(loadKubeconfig({ file: server }), /must be a URL: it is "nonsense"$/);
  });

  it("names the certificate file that is missing", async () => {
    const file = await write("no-ca", {
      name: "a",
      cluster: { server: "https://a:1", "certificate-authority": "gone.crt" },
    });
    await rejects(loadKubeconfig({ file }), {
      message: `Cannot read certificate-authority of the kubeconfig "${file}": no file "${folder}/gone.crt"`,
    });
  });
});

describe("fileToken()", () => {
  it("reads the file again after a minute, and at once after a 401", async () => {
    const file = join(folder, "rotating");
    await writeFile(file, "one");
    let nowMs = 0;
    const token = fileToken(file, () => nowMs);
    equal(await token("cached"), "one");
    await writeFile(file, "two\n");
    equal(await token("cached"), "one");
    equal(await token("refresh"), "two");
    await writeFile(file, "three");
    nowMs = 60_000;
    equal(await token("cached"), "three");
  });
});

/** A plug-in that counts its runs in a file, which is beside it. */
const plugin = `
const { readFileSync, writeFileSync, existsSync } = require("node:fs");
const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
const run = existsSync("runs") ? Number(readFileSync("runs", "utf8")) + 1 : 1;
writeFileSync("runs", String(run));
const expirationTimestamp = process.env.EXPIRES;
const { apiVersion, kind } = info;
console.log(JSON.stringify({ apiVersion, kind, status: { token: process.argv[2] + run, expirationTimestamp } }));
`;

describe("an exec plug-in", () => {
  const config = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => ({
    command: process.execPath,
    args,
    env,
    apiVersion: "client.authentication.k8s.io/v1",
    directory: folder,
  });

  it("runs beside the kubeconfig, once; and once more for requests refused together", async () => {
    await writeFile(join(folder, "plugin.cjs"), plugin);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: process.execPath,
      args: ["plugin.cjs", "t"],
      env: null,
    };
    const file = await write("exec", { name: "a", user: { exec } });
    const { token } = (await loadKubeconfig({ file })).connection;
    equal(await token?.("cached"), "t1");
    deepEqual(await Promise.all([token?.("refresh"), token?.("refresh")]), ["t2", "t2"]);
    equal(await token?.("cached"), "t2");
  });

  it("is asked again half a minute before its credential expires", async () => {
    await rm(join(folder, "runs"), { force: true });
    let nowMs = Date.parse("2030-01-01T00:00:00Z");
    const expires = { EXPIRES: "2030-01-01T01:00:00Z" };
    const { token } = await execToken(config(["plugin.cjs", "e"], expires), () => nowMs);
    equal(await token?.("cached"), "e1");
    nowMs = Date.parse("2030-01-01T00:59:29Z");
    equal(await token?.("cached"), "e1");
    nowMs = Date.parse("2030-01-01T00:59:30Z");
    equal(await token?.("cached"), "e2");
  });

  it("is explained where it is missing, fails, or prints something else", async () => {
    await rejects(execToken({ ...config([]), command: "no-such-plugin" }), {
      message: 'Cannot run the credential plug-in "no-such-plugin" as there is no such program',
    });
    await rejects(
      execToken(config(["-e", "console.error('log in first'); process.exit(3)"])),
      (error: Error) => {
        match(error.message, /^Cannot get a credential as the plug-in ".*" failed: log in first$/);
        return true;
      },
    );
    await rejects(execToken(config(["-e", "console.log('hello')"])), /printed no ExecCredential$/);
  });
});
