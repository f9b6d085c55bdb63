import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isStatus } from "@cellplane/apimachinery";
import { createKmsPluginServer, KeyFile } from "@cellplane/kms";
import type { ValueTransformer } from "../storage/value-transformer.ts";
import { Encryption } from "./encryption.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const secrets = { group: "", resource: "secrets" };
const storeKey = "/registry/core/secrets/default/one";
const value = Buffer.from('{"kind":"Secret"}');

/** A configuration file that tests write to, and what a server makes of it. */
class Fixture implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "cellplane-encryption-"));
  readonly file = join(this.folder, "encryption.yaml");
  readonly endpoint = `unix://${join(this.folder, "kms.sock")}`;
  readonly reloads: string[] = [];
  readonly misses: string[] = [];
  readonly #opened = new AsyncDisposableStack();
  nowMs = 1_000_000;

  configure(providers: readonly object[], resources: readonly string[] = ["secrets"]): void {
    this.write([{ resources, providers }]);
  }

  write(resources: readonly object[]): void {
    const type = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" };
    writeFileSync(this.file, JSON.stringify({ ...type, resources }));
  }

  async open(): Promise<Encryption> {
    const events = {
      onReload: (status: string) => void this.reloads.push(status),
      onCacheMiss: (provider: string) => void this.misses.push(provider),
    };
    const nowMs = (): number => this.nowMs;
    return this.#opened.use(
      await Encryption.open({ file: this.file, logger: silent, nowMs, events }),
    );
  }

  writeKeys(...lines: readonly string[]): void {
    writeFileSync(join(this.folder, "keys"), lines.join("\n"), { mode: 0o600 });
  }

  /** Starts the key service; to be ended by `await using`, or with the fixture. */
  async startKms(): Promise<AsyncDisposable> {
    const key = new KeyFile(join(this.folder, "keys"));
    const server = createKmsPluginServer(key, () => undefined);
    await server.listen({ path: this.endpoint.slice("unix://".length) });
    return this.#opened.use(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
    rmSync(this.folder, { recursive: true });
  }
}

const aesgcm = (...names: readonly string[]): object => ({
  aesgcm: { keys: names.map((name) => ({ name, secret: secretOf(name) })) },
});
const identity = { identity: {} };
const kmsLine = (id: string): string => `${id}:${secretOf(id)}`;

function secretOf(name: string): string {
  return Buffer.alloc(32, name).toString("base64");
}

async function isStale(values: ValueTransformer, bytes: Buffer): Promise<boolean> {
  return (await values.isStale?.(bytes, storeKey)) ?? false;
}

describe("Encryption", () => {
  it("writes with the first key, reads with all, and says which are stale", async () => {
    await using fixture = new Fixture();
    fixture.configure([aesgcm("old"), identity]);
    const encryption = await fixture.open();
    const values = encryption.transformerOf(secrets);
    const old = await values.toStore(value, storeKey);
    match(old.toString("latin1"), /^k8s:enc:aesgcm:v1:old:/);
    equal(await isStale(values, old), false);
    equal(await isStale(values, value), true);
    fixture.configure([aesgcm("new", "old"), identity]);
    equal(await encryption.reload(), "loaded");
    deepEqual(await values.fromStore(old, storeKey), value);
    equal(await isStale(values, old), true);
    match((await values.toStore(value, storeKey)).toString("latin1"), /^k8s:enc:aesgcm:v1:new:/);
  });

  it("refuses another place, an altered byte, a lost key, and names the key of the store", async () => {
    await using fixture = new Fixture();
    fixture.configure([aesgcm("one")]);
    const values = (await fixture.open()).transformerOf(secrets);
    const bytes = await values.toStore(value, storeKey);
    const altered = Buffer.from(bytes);
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    const lost = Buffer.from("k8s:enc:aesgcm:v1:other:abc");
    const plain = Buffer.from("{}");
    for (const [stored, why] of [
      [altered, "cipher: message authentication failed"],
      [lost, "no matching key was found for the provided AES transformer"],
      [plain, "no matching prefix found"],
    ] as const) {
      throws(
        () => values.fromStore(stored, storeKey),
        (error) =>
          isStatus(error, "InternalError") &&
          error.message ===
            `Internal error occurred: unable to transform key "${storeKey}": ${why}`,
      );
    }
    throws(() => values.fromStore(bytes, `${storeKey}2`), /message authentication failed/);
  });

  it("finds a resource by its name, its group, or all; others are plaintext", async () => {
    await using fixture = new Fixture();
    fixture.write([
      { resources: ["events"], providers: [identity] },
      { resources: ["secrets"], providers: [aesgcm("core")] },
      { resources: ["*.apps"], providers: [aesgcm("apps")] },
    ]);
    const encryption = await fixture.open();
    const prefixOf = async (group: string, resource: string): Promise<string> => {
      const bytes = await encryption.transformerOf({ group, resource }).toStore(value, storeKey);
      return bytes.toString("latin1").slice(0, 23);
    };
    match(await prefixOf("", "secrets"), /:core:/);
    match(await prefixOf("apps", "deployments"), /:apps:/);
    match(await prefixOf("", "events"), /^\{"kind"/);
    match(await prefixOf("", "configmaps"), /^\{"kind"/);
    equal(encryption.transformerOf({ group: "", resource: "configmaps" }).isStale, undefined);
  });

  it("refuses a rule that an earlier one masks", async () => {
    await using fixture = new Fixture();
    fixture.write([
      { resources: ["*.*"], providers: [identity] },
      { resources: ["secrets"], providers: [aesgcm("late")] },
    ]);
    await rejects(fixture.open(), /resource "secrets" is masked by earlier rule "\*\.\*"/);
  });

  it("keeps the old file where the new one is broken", async () => {
    await using fixture = new Fixture();
    fixture.configure([aesgcm("one")]);
    const encryption = await fixture.open();
    const { hash } = encryption;
    equal(await encryption.reload(), "unchanged");
    fixture.configure([]);
    equal(await encryption.reload(), "failed");
    equal(encryption.hash, hash);
    deepEqual(fixture.reloads, ["failure"]);
  });
});

describe("Encryption by a key service", () => {
  const kms = (endpoint: string): object => ({
    kms: { apiVersion: "v2", name: "vault", endpoint, timeout: "2s" },
  });

  it("asks the service once for each data key, and reads without it what it knows", async () => {
    await using fixture = new Fixture();
    fixture.writeKeys(kmsLine("a"));
    fixture.configure([kms(fixture.endpoint)]);
    const service = await fixture.startKms();
    const writer = (await fixture.open()).transformerOf(secrets);
    const first = await writer.toStore(value, storeKey);
    const second = await writer.toStore(value, storeKey);
    const other = await fixture.open();
    const reader = other.transformerOf(secrets);
    const both = await Promise.all([
      reader.fromStore(first, storeKey),
      reader.fromStore(second, storeKey),
    ]);
    deepEqual(both, [value, value]);
    equal(fixture.misses.length, 1);
    const fresh = (await fixture.open()).transformerOf(secrets);
    await service[Symbol.asyncDispose]();
    deepEqual(await reader.fromStore(first, storeKey), value);
    await rejects(
      async () => fresh.fromStore(first, storeKey),
      (error) => isStatus(error, "ServiceUnavailable"),
    );
    ok(Buffer.isBuffer(reader.toStore(value, storeKey)));
    fixture.nowMs += 200_000;
    await rejects(
      async () => reader.toStore(value, storeKey),
      (error) => isStatus(error, "ServiceUnavailable"),
    );
    await rejects(other.check(), /kms-provider-0/);
  });

  it("makes what a rotated key has encrypted stale", async () => {
    await using fixture = new Fixture();
    fixture.writeKeys(kmsLine("a"));
    fixture.configure([kms(fixture.endpoint), identity]);
    await using _ = await fixture.startKms();
    const encryption = await fixture.open();
    const values = encryption.transformerOf(secrets);
    const old = await values.toStore(value, storeKey);
    equal(await isStale(values, old), false);
    fixture.writeKeys(kmsLine("rotated"), kmsLine("a"));
    fixture.nowMs += 30_000;
    await encryption.check();
    equal(await isStale(values, old), true);
    equal(await isStale(values, await values.toStore(value, storeKey)), false);
    deepEqual(await values.fromStore(old, storeKey), value);
  });

  it("refuses what no API server has written, without an end of the process", async () => {
    await using fixture = new Fixture();
    fixture.writeKeys(kmsLine("a"));
    fixture.configure([kms(fixture.endpoint)]);
    await using _ = await fixture.startKms();
    const values = (await fixture.open()).transformerOf(secrets);
    for (const rest of [Buffer.alloc(0), randomBytes(40), Buffer.from([0x0a, 0xff])]) {
      const bytes = Buffer.concat([Buffer.from("k8s:enc:kms:v2:vault:"), rest]);
      throws(() => values.fromStore(bytes, storeKey), /unable to transform key/);
    }
  });
});
