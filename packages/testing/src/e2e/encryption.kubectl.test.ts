import { deepEqual, equal, match, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isJsonObject } from "@cellplane/apimachinery";
import { Kubectl } from "./kubectl.ts";
import { runCellplane } from "./run-program.ts";
import { TestServer } from "./test-server.ts";
import { waitFor } from "./wait-for.ts";

const secretValue = "correct-horse-battery-staple";

interface Key {
  readonly name: string;
  readonly secret: string;
}

function newKey(name: string): Key {
  return { name, secret: randomBytes(32).toString("base64") };
}

describe("encryption at rest", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-encryption-"));
  const file = join(folder, "encryption.yaml");
  const dataDir = join(folder, "cp");
  const first = newKey("first");
  const second = newKey("second");
  let server: TestServer;
  let kubectl: Kubectl;

  const configure = (keys: readonly Key[], resources: readonly string[] = ["secrets"]): void =>
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [{ resources, providers: [{ secretbox: { keys } }, { identity: {} }] }],
      }),
    );
  /** Changes the file; after a failure the server looks at it again by itself, too. */
  const reconfigure = async (keys: readonly Key[]): Promise<void> => {
    const before = await metric("automatic_reloads_total");
    configure(keys);
    process.kill(server.pid, "SIGHUP");
    await waitFor("the configuration to be looked at", async () =>
      (await metric("automatic_reloads_total")) === before ? undefined : true,
    );
  };
  const metric = async (name: string): Promise<string> =>
    (await kubectl.ok(["get", "--raw", "/metrics"]))
      .split("\n")
      .filter((line) => line.startsWith(`apiserver_encryption_config_controller_${name}`))
      .join("\n");
  const create = (name: string): Promise<string> =>
    kubectl.ok(["create", "secret", "generic", name, `--from-literal=word=${secretValue}`]);
  const read = async (name: string): Promise<string> => {
    const text = await kubectl.ok(["get", "secret", name, "-o", "jsonpath={.data.word}"]);
    return Buffer.from(text, "base64").toString();
  };
  const reencrypt = (...args: readonly string[]): ReturnType<typeof runCellplane> =>
    runCellplane(["store", "reencrypt", "--kubeconfig", server.kubeconfig, ...args]);
  const database = (): string =>
    readdirSync(dataDir)
      .filter((name) => name.startsWith("store.db"))
      .map((name) => readFileSync(join(dataDir, name)).toString("latin1"))
      .join("");

  before(async () => {
    configure([first]);
    server = await TestServer.start({
      verb: "up",
      dataDir,
      datastore: "sqlite",
      args: [
        ...["--encryption-provider-config", file],
        "--encryption-provider-config-automatic-reload",
        ...["--log-level", "info"],
      ],
    });
    kubectl = new Kubectl(server.kubeconfig, { home: folder });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it("keeps Secrets from the database, and not from kubectl", async () => {
    await create("one");
    equal(await read("one"), secretValue);
    const text = database();
    equal(text.includes(Buffer.from(secretValue).toString("base64")), false);
    ok(text.includes("k8s:enc:secretbox:v1:first:"));
  });

  it("tells which resources it encrypts, and that it is well", async () => {
    match(await kubectl.ok(["get", "--raw", "/encryption"]), /"resources":\["secrets"\]/);
    match(await kubectl.ok(["get", "--raw", "/readyz?verbose"]), /\[\+\]kms-providers ok/);
  });

  it("has nothing to rewrite while the key is the same", async () => {
    const { code, stdout } = await reencrypt();
    equal(code, 0);
    match(stdout, /^secrets: 0 rewritten, [1-9]\d* already current, 0 failed$/m);
  });

  it("takes up a new key, and rewrites what the old one encrypted", async () => {
    await reconfigure([second, first]);
    await create("two");
    ok(database().includes("k8s:enc:secretbox:v1:second:"));
    const before = await kubectl.get(["secret", "one"]);
    const { code, stdout } = await reencrypt("--resource", "secrets");
    equal(code, 0);
    match(stdout, /^secrets: [1-9]\d* rewritten, 1 already current, 0 failed$/m);
    const again = await reencrypt();
    match(again.stdout, /^secrets: 0 rewritten, \d+ already current, 0 failed$/m);
    deepEqual(withoutRevision(await kubectl.get(["secret", "one"])), withoutRevision(before));
  });

  it("reads everything when the old key is gone, after a restart, too", async () => {
    await reconfigure([second]);
    equal(await read("one"), secretValue);
    await server.restart();
    equal(await read("one"), secretValue);
    equal(await read("two"), secretValue);
  });

  it("goes on with the old file where the new one is broken, and says so without a key", async () => {
    await reconfigure([{ name: "broken", secret: "c2hvcnQtc2VjcmV0" }]);
    match(await metric("automatic_reloads_total"), /status="failure"/);
    match(server.output, /providers\[0\]\.secretbox\.keys\[0\]\.secret: Invalid value/);
    equal(server.output.includes("c2hvcnQtc2VjcmV0"), false);
    await create("three");
    equal(await read("three"), secretValue);
  });

  it("names the key of what it cannot read, and reads it when the key is back", async () => {
    await reconfigure([first]);
    await server.restart();
    const refused = await kubectl.refused(["get", "secret", "one"]);
    match(
      refused,
      /unable to transform key "\/registry\/core\/secrets\/default\/one": no matching/,
    );
    match(await kubectl.refused(["get", "secrets"]), /InternalError.*unable to transform key/);
    const failed = await reencrypt("--resource", "secrets");
    equal(failed.code, 1);
    await create("four");
    await reconfigure([first, second]);
    equal(await read("one"), secretValue);
    match(await kubectl.ok(["get", "secrets"]), /^two /m);
  });

  it("does not start with a file that it cannot use", async () => {
    const bad = join(folder, "bad.yaml");
    writeFileSync(bad, "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\n");
    const { code, stderr } = await runCellplane([
      ...["up", "--data-dir", join(folder, "bad"), "--listen", "127.0.0.1:0"],
      ...["--encryption-provider-config", bad],
    ]);
    equal(code, 1);
    match(stderr, /resources: Required value: at least one resources is required/);
  });
});

function withoutRevision(object: unknown): unknown {
  if (!isJsonObject(object) || !isJsonObject(object["metadata"])) return object;
  const { resourceVersion: _, ...metadata } = object["metadata"];
  return { ...object, metadata };
}
