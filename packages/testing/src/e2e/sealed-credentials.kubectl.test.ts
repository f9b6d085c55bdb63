import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isJsonObject } from "@cellplane/apimachinery";
import {
  keyIdOfCredential,
  KeyFile,
  Envelope,
  openCredential,
  type SecretData,
} from "@cellplane/kms";
import { FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { cellplaneProgram, type ProgramResult, runCellplane } from "./run-program.ts";
import { federatedConfigMap, tenantObjects } from "./tenant.ts";
import { waitFor } from "./wait-for.ts";

const placed = ["rz00a", "rz00b"];

/** A key file that tests write to. */
class KeyFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "cellplane-keys-"));
  readonly file = join(this.folder, "keys");
  readonly socket = `unix://${join(this.folder, "kms.sock")}`;

  constructor() {
    this.write(this.line("first"));
  }

  line(id: string): string {
    return `${id}:${randomBytes(32).toString("base64")}\n`;
  }

  write(text: string): void {
    writeFileSync(this.file, text, { mode: 0o600 });
  }

  read(): string {
    return readFileSync(this.file, "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What the tests do with a control plane whose credentials are sealed. */
class Sealed {
  readonly fixture: FederationFixture;
  readonly key: readonly string[];

  constructor(fixture: FederationFixture, key: readonly string[]) {
    this.fixture = fixture;
    this.key = key;
  }

  cellplane(...args: readonly string[]): Promise<ProgramResult> {
    return runCellplane([...args, "--kubeconfig", this.fixture.controlPlane.kubeconfig]);
  }

  async joinSealed(name: string): Promise<void> {
    const { kubeconfig } = this.fixture.member(name);
    const member = ["--member-kubeconfig", kubeconfig];
    succeeded(await this.cellplane("join", name, ...member, "--seal", ...this.key));
  }

  async secretOf(cluster: string): Promise<SecretData> {
    const path = ["-n", systemNamespace, "secret", `${cluster}-credential`];
    const secret = await this.fixture.kubectl.get(path);
    const data = isJsonObject(secret) ? secret["data"] : undefined;
    return isJsonObject(data) ? (data as SecretData) : {};
  }

  async patchSecret(cluster: string, data: object): Promise<void> {
    const patch = ["patch", "secret", `${cluster}-credential`, "--type", "merge", "-p"];
    await this.fixture.kubectl.ok(["-n", systemNamespace, ...patch, JSON.stringify({ data })]);
  }

  async waitForCondition(cluster: string, type: string, text: RegExp): Promise<void> {
    const path = `jsonpath={.status.conditions[?(@.type=="${type}")].message}`;
    const args = ["-n", systemNamespace, "get", "kubefedcluster", cluster, "-o", path];
    await waitFor(`${cluster} to be ${type}: ${String(text)}`, async () =>
      text.test(await this.fixture.kubectl.ok(args)) ? true : undefined,
    );
  }

  /** Writes a value and waits until both cells have it. */
  async propagate(value: string): Promise<void> {
    await this.fixture.kubectl.apply([federatedConfigMap("settings", value, { cells: placed })]);
    await waitFor(`"${value}" in every cell`, async () => {
      const found = await Promise.all(
        placed.map(async (cell) => {
          const { data } = await this.fixture
            .readInCell(cell, "configmaps", "settings")
            .catch(() => ({ data: undefined }));
          return isJsonObject(data) ? data["value"] : undefined;
        }),
      );
      return found.every((each) => each === value) ? true : undefined;
    });
  }
}

function succeeded({ code, stderr }: ProgramResult): void {
  equal(code, 0, stderr);
}

/** Files below a folder that hold a text, as it is or in base64 at any offset. */
function filesWith(folder: string, text: string): readonly string[] {
  const needles = base64Cores(text);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => {
      const bytes = readFileSync(path);
      return [text, ...needles].some((needle) => bytes.includes(needle));
    });
}

/** What is left of a text in base64 whatever stands before it. */
function base64Cores(text: string): readonly string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from("x".repeat(before) + text).toString("base64");
    return encoded.slice(4, -6);
  });
}

describe("sealed credentials, with a key file", () => {
  let keys: KeyFolder;
  let sealed: Sealed;
  before(async () => {
    keys = new KeyFolder();
    const key = ["--envelope-key-file", keys.file];
    sealed = new Sealed(await FederationFixture.open([...key, "--log-level", "debug"]), key);
  });
  after(async () => {
    await sealed.fixture[Symbol.asyncDispose]();
    keys[Symbol.dispose]();
  });

  const tokenOf = async (cluster: string): Promise<string> => {
    await using envelope = new Envelope(new KeyFile(keys.file), Date.now);
    const name = `${cluster}-credential`;
    const of = { namespace: systemNamespace, name, cluster };
    const data = await openCredential(envelope, await sealed.secretOf(cluster), of);
    return Buffer.from(data["token"] ?? "", "base64").toString("utf8");
  };

  it("joins members, and propagates to them", async () => {
    await sealed.joinSealed("hz-a");
    await sealed.joinSealed("hz-b");
    deepEqual(Object.keys(await sealed.secretOf("hz-a")), ["sealed"]);
    await sealed.fixture.kubectl.apply(tenantObjects());
    await sealed.propagate("one");
    succeeded(await sealed.cellplane("credentials", "check", ...sealed.key));
  });

  it("goes on after a restart", async () => {
    await sealed.fixture.controlPlane.restart();
    await sealed.propagate("two");
  });

  it("rotates tokens without a restart, and revokes the old ones", async () => {
    const old = await tokenOf("hz-a");
    succeeded(
      await sealed.cellplane("credentials", "rotate", "--all", "--grace", "2", ...sealed.key),
    );
    const fresh = await tokenOf("hz-a");
    notEqual(fresh, old);
    deepEqual(Object.keys(await sealed.secretOf("hz-a")), ["sealed"]);
    const member = sealed.fixture.kubectlAt(sealed.fixture.member("hz-a"));
    const ask = (token: string): Promise<ProgramResult> =>
      member.run([
        "--token",
        token,
        "--kubeconfig",
        "/dev/null",
        "-s",
        sealed.fixture.member("hz-a").url,
        "--insecure-skip-tls-verify",
        "get",
        "namespaces",
      ]);
    succeeded(await ask(fresh));
    match((await ask(old)).stderr, /Unauthorized|provide credentials|must be logged in/);
    await sealed.fixture.waitForCluster("hz-a", "Ready");
    await sealed.propagate("three");
  });

  it("says which key is missing, leaves other members alone, and takes the key up again", async () => {
    const all = keys.read();
    // The old first key stays for hz-b; hz-a is sealed under a second one, which is then lost.
    keys.write(keys.line("second") + all);
    succeeded(
      await sealed.cellplane("credentials", "rotate", "hz-a", "--grace", "0", ...sealed.key),
    );
    equal(keyIdOfCredential(await sealed.secretOf("hz-a")), "second");
    await sealed.propagate("four");
    const both = keys.read();
    const check = await sealed.cellplane("credentials", "check", ...sealed.key);
    equal(check.code, 1);
    match(check.stdout, /hz-b +hz-b-credential +OldKey +first/);
    keys.write(all);
    await sealed.fixture.controlPlane.restart();
    await sealed.waitForCondition(
      "hz-a",
      "ConfigMalformed",
      /under the key id "second".*no key with the id "second"/,
    );
    await sealed.fixture.waitForCluster("hz-b", "Ready");
    keys.write(both);
    await sealed.fixture.waitForCluster("hz-a", "Ready");
    succeeded(await sealed.cellplane("credentials", "reseal", ...sealed.key));
    succeeded(await sealed.cellplane("credentials", "check", ...sealed.key));
    equal(keyIdOfCredential(await sealed.secretOf("hz-b")), "second");
    await sealed.propagate("five");
  });

  it("opens no seal that was altered, or copied from another Secret", async () => {
    const own = await sealed.secretOf("hz-a");
    await sealed.patchSecret("hz-a", await sealed.secretOf("hz-b"));
    await sealed.waitForCondition(
      "hz-a",
      "ConfigMalformed",
      /altered, or sealed for something else/,
    );
    const check = await sealed.cellplane("credentials", "check", ...sealed.key);
    equal(check.code, 1);
    match(check.stdout, /hz-a +hz-a-credential +CannotOpen/);
    const bytes = Buffer.from(own["sealed"] ?? "", "base64");
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await sealed.patchSecret("hz-a", { sealed: bytes.toString("base64") });
    await sealed.fixture.waitForCluster("hz-b", "Ready");
    await sealed.patchSecret("hz-a", own);
    await sealed.fixture.waitForCluster("hz-a", "Ready");
  });

  it("finds a credential that is plaintext", async () => {
    const own = await sealed.secretOf("hz-b");
    const { kubeconfig } = sealed.fixture.member("hz-b");
    const join = ["join", "hz-b", "--member-kubeconfig", kubeconfig];
    const refused = await sealed.cellplane(...join);
    equal(refused.code, 1);
    match(refused.stderr, /is sealed: give --seal/);
    await sealed.patchSecret("hz-b", { sealed: null, token: "dA==" });
    const check = await sealed.cellplane("credentials", "check");
    equal(check.code, 1);
    match(check.stdout, /hz-b +hz-b-credential +(Plaintext|CannotOpen)/);
    await sealed.patchSecret("hz-b", { ...own, token: null });
    await sealed.joinSealed("hz-b");
  });

  it("leaves no token anywhere: in data, logs, audit, events or status", async () => {
    const token = await tokenOf("hz-a");
    ok(token.length > 100);
    const { fixture } = sealed;
    const all = await fixture.kubectl.ok([
      "get",
      "events,secrets,kubefedclusters,configmaps",
      "-A",
      "-o",
      "yaml",
    ]);
    const said = fixture.controlPlane.output;
    ok(said.length > 0, "nothing was logged");
    for (const text of [all, said]) {
      for (const needle of [token, ...base64Cores(token)]) equal(text.includes(needle), false);
    }
    deepEqual(filesWith(fixture.controlPlane.dataDir, token), []);
    const audit = readFileSync(`${fixture.controlPlane.dataDir}-audit.jsonl`, "utf8");
    equal(audit.includes(token), false);
    // The search finds what is there: the member's own audit or data hold no token, its Secret does.
    const member = fixture.kubectlAt(fixture.member("hz-a"));
    const secrets = await member.ok(["-n", systemNamespace, "get", "secrets", "-o", "yaml"]);
    ok(base64Cores(token).some((needle) => secrets.includes(needle)));
  });
});

describe("sealed credentials, with a KMS plug-in", () => {
  it("goes on while the plug-in is away, and opens again when it is back", async () => {
    using keys = new KeyFolder();
    const startPlugin = async (): Promise<ChildProcess> => {
      const args = ["kms", "--key-file", keys.file, "--listen", keys.socket];
      const child = spawn(process.execPath, [cellplaneProgram, ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout ?? child, "data");
      return child;
    };
    let plugin = await startPlugin();
    const endPlugin = async (): Promise<void> => {
      if (plugin.exitCode !== null || plugin.signalCode !== null) return;
      const ended = once(plugin, "exit");
      plugin.kill("SIGKILL");
      await ended;
    };
    try {
      const key = ["--envelope-kms", keys.socket];
      await using fixture = await FederationFixture.open(key);
      const sealed = new Sealed(fixture, key);
      await sealed.joinSealed("hz-a");
      await sealed.joinSealed("hz-b");
      await fixture.kubectl.apply(tenantObjects());
      await sealed.propagate("one");
      await endPlugin();
      await sealed.propagate("two");
      await fixture.controlPlane.restart();
      await sealed.waitForCondition(
        "hz-a",
        "ConfigMalformed",
        /KMS plug-in at .* answered UNAVAILABLE/,
      );
      plugin = await startPlugin();
      await fixture.waitForCluster("hz-a", "Ready");
      await fixture.waitForCluster("hz-b", "Ready");
      await sealed.propagate("three");
      succeeded(await sealed.cellplane("credentials", "check", ...key));
    } finally {
      await endPlugin();
    }
  });
});
