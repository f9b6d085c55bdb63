import { equal, match, notEqual } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { Kubectl } from "./kubectl.ts";
import { cellplaneProgram } from "./run-program.ts";
import { TestServer } from "./test-server.ts";
import { waitFor } from "./wait-for.ts";

/** `cellplane kms`, as a process that can be ended and started. */
class KeyService implements AsyncDisposable {
  readonly socket: string;
  readonly #keys: string;
  #child: ChildProcess | undefined;

  constructor(folder: string) {
    this.socket = join(folder, "kms.sock");
    this.#keys = join(folder, "keys");
    writeFileSync(this.#keys, `one:${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
  }

  async start(): Promise<void> {
    const args = ["kms", "--key-file", this.#keys, "--listen", `unix://${this.socket}`];
    const child = spawn(process.execPath, [cellplaneProgram, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("KMS plug-in ready")) return;
    }
    throw new Error("the key service did not start");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

describe("a control plane whose key service is away", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-keys-away-"));
  const file = join(folder, "encryption.yaml");
  const service = new KeyService(folder);
  let server: TestServer;
  let kubectl: Kubectl;

  const configure = (resources: readonly string[]): void => {
    const kms = { apiVersion: "v2", name: "vault", endpoint: `unix://${service.socket}` };
    const providers = [{ kms }, { identity: {} }];
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [{ resources, providers }],
      }),
    );
  };
  /** What a path answers, whoever asks. */
  const ask = async (path: string): Promise<{ readonly code: number; readonly text: string }> => {
    const { stdout, code } = await kubectl.run(["get", "--raw", path]);
    return { code: code ?? 1, text: stdout };
  };
  const becomeReady = (): Promise<true> =>
    waitFor("readiness", async () => ((await ask("/readyz")).code === 0 ? true : undefined));

  before(async () => {
    configure(["secrets"]);
    await service.start();
    server = await TestServer.start({
      verb: "up",
      dataDir: join(folder, "cp"),
      datastore: "sqlite",
      args: ["--encryption-provider-config", file],
    });
    kubectl = new Kubectl(server.kubeconfig, { home: folder });
    await kubectl.ok(["create", "secret", "generic", "one", "--from-literal=word=hidden"]);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it("starts, is alive, serves what is not encrypted, and says why it is not ready", async () => {
    await service[Symbol.asyncDispose]();
    await server.restart();
    const unready = await kubectl.refused(["get", "--raw", "/readyz"]);
    match(
      unready,
      /kms-providers failed: kms-provider-0: the key service .{1,2}vault.{1,2} is away/,
    );
    equal((await ask("/livez")).text, "ok");
    await kubectl.ok(["create", "configmap", "plain"]);
    match(
      await kubectl.refused(["get", "secret", "one"]),
      /ServiceUnavailable.*unable to transform/,
    );
    match(
      await kubectl.refused(["create", "secret", "generic", "two"]),
      /unable to encrypt key .*, the write was not made/,
    );
  });

  it("goes on by itself when the service is there", async () => {
    await service.start();
    await becomeReady();
    match(await kubectl.ok(["get", "secret", "one", "-o", "jsonpath={.data.word}"]), /^aGlkZGVu$/);
    await kubectl.ok(["create", "secret", "generic", "two"]);
  });

  it("waits where its start takes encrypted objects, says why, and starts when the service is there", async () => {
    configure(["*.*"]);
    await server.restart();
    // Stored under the key service from now on, and read by every start.
    await kubectl.ok(["label", "namespace", "kube-system", "seen=1"]);
    await service[Symbol.asyncDispose]();
    const restarted = server.restart();
    // Reported by whoever awaits it below.
    restarted.catch(() => undefined);
    await waitFor("the server to tell its state", async () =>
      (await ask("/livez")).text === "ok" ? true : undefined,
    );
    const unready = await kubectl.refused(["get", "--raw", "/readyz"]);
    match(unready, /kms-provider-0: the key service .{1,2}vault.{1,2} is away/);
    match(unready, /informer-sync failed: the start waits for key services/);
    match(
      await kubectl.refused(["get", "--raw", "/api/v1/namespaces/kube-system"]),
      /the server cannot start yet as it must read or write encrypted objects/,
    );
    const pid = server.pid;
    await service.start();
    await restarted;
    notEqual(server.pid, pid);
    await becomeReady();
    match(await kubectl.ok(["get", "secret", "one", "-o", "jsonpath={.data.word}"]), /^aGlkZGVu$/);
  });
});
