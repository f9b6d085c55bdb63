import { equal, match, rejects, throws } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { describeEnvelopeKey, failsAs, type TestedKey } from "./envelope-key.suite.ts";
import { KeyFile } from "./key-file/key-file.ts";
import { KmsPlugin } from "./plugin/kms-plugin.ts";
import { createKmsPluginServer } from "./plugin/kms-plugin-server.ts";

class Folder implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), "kms-"));
  readonly keys = join(this.path, "keys");
  readonly socket = join(this.path, "kms.sock");
  #count = 0;

  constructor() {
    this.rotate();
  }

  rotate(): void {
    const line = `key-${++this.#count}:${randomBytes(32).toString("base64")}`;
    const before = this.#count === 1 ? "" : readFileSync(this.keys, "utf8");
    writeFileSync(this.keys, `# newest first\n${line}\n${before}`, { mode: 0o600 });
  }

  forgetOld(): void {
    const [, first = ""] = readFileSync(this.keys, "utf8").split("\n");
    writeFileSync(this.keys, `${first}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.path, { recursive: true });
  }
}

function tested(
  folder: Folder,
  key: TestedKey["key"],
  others: readonly AsyncDisposable[],
): TestedKey {
  return {
    key,
    rotate: () => folder.rotate(),
    forgetOld: () => folder.forgetOld(),
    [Symbol.asyncDispose]: async () => {
      for (const each of [key, ...others, folder]) await each[Symbol.asyncDispose]();
    },
  };
}

describeEnvelopeKey("KeyFile", async () => {
  const folder = new Folder();
  return tested(folder, new KeyFile(folder.keys), []);
});

describeEnvelopeKey("KmsPlugin, with the reference plug-in", async () => {
  const folder = new Folder();
  const server = createKmsPluginServer(new KeyFile(folder.keys), (error) => {
    throw error;
  });
  await server.listen({ path: folder.socket });
  const endpoint = `unix://${folder.socket}`;
  return tested(folder, new KmsPlugin({ endpoint, nowMs: Date.now }), [server]);
});

describe("KeyFile", () => {
  it("refuses a file that others may read, without telling what is in it", async () => {
    await using folder = new Folder();
    chmodSync(folder.keys, 0o640);
    throws(() => new KeyFile(folder.keys), /only its owner may read it.*its mode is 0640/);
    chmodSync(folder.keys, 0o600);
    const secret = randomBytes(31).toString("base64");
    writeFileSync(folder.keys, `one:${secret}\n`);
    throws(
      () => new KeyFile(folder.keys),
      (error: Error) =>
        /line 1 is no ID:KEY/.test(error.message) && !error.message.includes(secret),
    );
    throws(() => new KeyFile(join(folder.path, "none")), /Cannot read the key file .*ENOENT/);
  });

  it("makes an id for a key that has none", async () => {
    await using folder = new Folder();
    writeFileSync(folder.keys, randomBytes(32).toString("base64"));
    match(await new KeyFile(folder.keys).currentKeyId(), /^[0-9a-f]{16}$/);
  });

  it("keeps its keys while a changed file is broken", async () => {
    await using folder = new Folder();
    const key = new KeyFile(folder.keys);
    const wrapped = await key.wrap(randomBytes(32));
    writeFileSync(folder.keys, "half of a wri");
    equal((await key.unwrap(wrapped)).length, 32);
  });
});

describe("KmsPlugin", () => {
  it("says that the plug-in is away, and works again once it is back", async () => {
    await using folder = new Folder();
    await using key = new KmsPlugin({
      endpoint: `unix://${folder.socket}`,
      nowMs: Date.now,
    });
    await rejects(key.wrap(randomBytes(32)), failsAs("Unavailable"));
    const serve = async (): Promise<AsyncDisposable> => {
      const server = createKmsPluginServer(new KeyFile(folder.keys), () => {});
      await server.listen({ path: folder.socket });
      return server;
    };
    let server = await serve();
    const wrapped = await key.wrap(randomBytes(32));
    await server[Symbol.asyncDispose]();
    await rejects(key.unwrap(wrapped), failsAs("Unavailable"));
    server = await serve();
    equal((await key.unwrap(wrapped)).length, 32);
    await server[Symbol.asyncDispose]();
  });

  it("asks for the key id once in a while only", async () => {
    await using folder = new Folder();
    await using server = createKmsPluginServer(new KeyFile(folder.keys), () => {});
    await server.listen({ path: folder.socket });
    let nowMs = 0;
    await using key = new KmsPlugin({
      endpoint: `unix://${folder.socket}`,
      nowMs: () => nowMs,
      statusAgeMs: 1000,
    });
    equal(await key.currentKeyId(), "key-1");
    folder.rotate();
    nowMs = 999;
    equal(await key.currentKeyId(), "key-1");
    nowMs = 1000;
    equal(await key.currentKeyId(), "key-2");
  });

  it("refuses an endpoint that is no Unix socket", () => {
    const open = (): KmsPlugin => new KmsPlugin({ endpoint: "tcp://a:1", nowMs: Date.now });
    throws(open, /must be unix:\/\/\/PATH: it is "tcp:\/\/a:1"/);
  });
});
