import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { ConnectionError } from "@cellplane/client";
import { StatusError } from "@cellplane/apimachinery";
import { Kubectl } from "./kubectl.ts";
import { cellplaneProgram, runCellplane } from "./run-program.ts";
import { TestServer } from "./test-server.ts";

const configMaps = { group: "", version: "v1", resource: "configmaps", namespace: "default" };

/** Runs `cellplane store …` and returns what it printed, asserting that it succeeds. */
async function store(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCellplane(["store", ...args]);
  equal(code, 0, `store ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** The fields of a result that was printed as JSON. */
function fields(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

for (const datastore of ["sqlite", "memory"] as const) {
  describe(`cellplane store with a control plane on ${datastore}`, { concurrency: false }, () => {
    const root = mkdtempSync(join(tmpdir(), "cellplane-store-"));
    const dataDir = join(root, "cp");
    let server: TestServer;
    let kubectl: Kubectl;

    before(async () => {
      server = await TestServer.start({ verb: "up", dataDir, datastore });
      kubectl = new Kubectl(server.kubeconfig, { home: root });
    });
    after(async () => {
      await server?.[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    });

    it("backs up, verifies and compacts while it is written to", async () => {
      const done = new AbortController();
      const writing = (async () => {
        for (let i = 0; !done.signal.aborted; i++) {
          const metadata = { name: `written-${i % 20}`, namespace: "default" };
          const object = { apiVersion: "v1", kind: "ConfigMap", metadata };
          await server.client.create(configMaps, object).catch(() => undefined);
          await server.client.delete(configMaps, metadata.name).catch(() => undefined);
        }
      })();
      const file = join(root, "busy.backup.gz");
      try {
        const backup = fields(await store("backup", file, "--data-dir", dataDir, "-o", "json"));
        ok(Number(backup["keys"]) > 20);
        equal(statSync(file).mode & 0o777, 0o600);
        match(await store("verify", "--data-dir", dataDir), /^Nothing is wrong with /);
        await store("compact", "--data-dir", dataDir, "--physical");
        const status = fields(await store("status", "--data-dir", dataDir, "-o", "json"));
        equal(status["driver"], datastore);
        ok(Number(status["compacted"]) > 1);
      } finally {
        done.abort();
        await writing;
      }
    });

    it("restores under clients that watch: they are told 410, and list what was backed up", async () => {
      const file = join(root, "backup");
      await kubectl.ok(["create", "configmap", "kept", "--from-literal=a=backup"]);
      await kubectl.ok(["create", "configmap", "dropped"]);
      await kubectl.ok(["delete", "configmap", "dropped"]);
      await store("backup", file, "--data-dir", dataDir);
      await kubectl.ok(["create", "configmap", "later"]);
      await kubectl.ok(["patch", "configmap", "kept", "-p", '{"data":{"a":"later"}}']);
      const before = await server.client.list(configMaps);
      const oldVersion = before.metadata.resourceVersion ?? "";

      const refused = await runCellplane(["store", "restore", file, "--data-dir", dataDir]);
      equal(refused.code, 1);
      match(refused.stderr, /give --force to replace them/);
      const restored = fields(
        await store("restore", file, "--data-dir", dataDir, "--force", "-o", "json"),
      );
      ok(Number(restored["revision"]) >= Number(oldVersion) + 1_000_000);

      const stale = await untilTold(async () => {
        const signal = AbortSignal.timeout(20_000);
        const query = { resourceVersion: oldVersion };
        for await (const event of server.client.watch(configMaps, query, signal)) {
          return event.type;
        }
        return undefined;
      });
      equal(stale, "410");
      const names = (await kubectl.ok(["get", "configmaps", "-o", "name"])).split("\n");
      ok(names.includes("configmap/kept") && !names.includes("configmap/later"));
      equal(await kubectl.ok(["get", "configmap", "kept", "-o", "jsonpath={.data.a}"]), "backup");
      const after = await server.client.list(configMaps);
      ok(Number(after.metadata.resourceVersion) > Number(oldVersion));
      for (const { metadata } of after.items) {
        ok(Number(metadata.resourceVersion) > Number(oldVersion));
      }
      await kubectl.ok(["create", "configmap", "new"]);
      match(await store("verify", "--data-dir", dataDir), /^Nothing is wrong with /);
    });

    it("refuses a damaged backup, and what it cannot look at", async () => {
      const file = join(root, "damaged");
      const bytes = readFileSync(join(root, "backup"));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      const damaged = await runCellplane([
        "store",
        "restore",
        file,
        "--data-dir",
        dataDir,
        "--force",
      ]);
      equal(damaged.code, 1);
      match(damaged.stderr, /^Error: Cannot read the backup as a part of it has changed/);
      const nowhere = await runCellplane(["store", "verify", "--data-dir", join(root, "nowhere")]);
      equal(nowhere.code, 2);
    });
  });
}

describe("cellplane store migrate", () => {
  const root = mkdtempSync(join(tmpdir(), "cellplane-migrate-"));
  after(() => rmSync(root, { recursive: true, force: true }));

  it("follows a server that is written to, until the cut-over, and compares", async () => {
    const dataDir = join(root, "from");
    await using server = await TestServer.start({ verb: "member", dataDir, datastore: "sqlite" });
    const target = `sqlite:${join(root, "to", "store.db")}`;
    const child = spawn(
      process.execPath,
      [cellplaneProgram, "store", "migrate", dataDir, target, "--follow", "-o", "json"],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    const ended = once(child, "exit");
    const printed = textOf(child);
    for await (const line of createInterface({ input: child.stderr })) {
      if (line.startsWith("Following")) break;
    }
    for (let i = 0; i < 25; i++) {
      const metadata = { name: `followed-${i}`, namespace: "default" };
      await server.client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata });
    }
    child.kill("SIGINT");
    deepEqual(await ended, [0, null]);
    equal(fields(await printed)["verified"], true);
    await server.stop();
    match(await store("verify", "--datastore", target), /^Nothing is wrong with /);
    await using moved = await TestServer.start({
      verb: "member",
      dataDir: join(root, "moved"),
      datastore: target,
    });
    const { items } = await moved.client.list(configMaps);
    equal(items.filter(({ metadata }) => metadata.name?.startsWith("followed-")).length, 25);
  });
});

async function textOf(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return text;
}

/** A watch may end without a word while the store is replaced: its client begins it again. */
async function untilTold(ask: () => Promise<string | undefined>): Promise<string> {
  const deadline = performance.now() + 45_000;
  for (;;) {
    try {
      const told = await ask();
      if (told !== undefined || performance.now() > deadline) return told ?? "nothing";
    } catch (error) {
      if (error instanceof StatusError && error.code === 410) return "410";
      const isPassing = error instanceof ConnectionError || error instanceof StatusError;
      if (!isPassing || performance.now() > deadline) throw error;
    }
  }
}
