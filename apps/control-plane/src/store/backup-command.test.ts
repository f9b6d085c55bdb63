import { equal, match, ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "@cellplane/kv";

const program = fileURLToPath(new URL("../../../../bin/cellplane", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "cellplane-backup-"));
after(() => rmSync(root, { recursive: true }));
const dataDir = join(root, "data");

before(async () => {
  mkdirSync(dataDir);
  await using store = await openSqliteStore({ path: join(dataDir, "store.db") });
  const value = Buffer.alloc(1024 * 1024, "v");
  for (let i = 0; i < 24; i++) {
    const put = { kind: "put", key: Buffer.from(`key-${i}`), value } as const;
    await store.txn({ compare: [], success: [put], failure: [] });
  }
});

function run(args: readonly string[], temporary = tmpdir()): ChildProcess {
  // Compiling anew takes seconds.
  const { NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache") } = process.env;
  const env = { ...process.env, TMPDIR: temporary, NODE_COMPILE_CACHE };
  return spawn(process.execPath, [program, "store", ...args], { env, stdio: "pipe" });
}

async function ended(child: ChildProcess): Promise<{ code: unknown; told: string }> {
  if (!child.stderr) throw new Error("A command needs an output for errors");
  const [told, [code, signal]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code: code ?? signal, told };
}

/** Waits until a folder holds a name. */
async function holds(folder: string, pattern: RegExp): Promise<void> {
  for (const deadline = performance.now() + 30_000; ;) {
    if (readdirSync(folder).some((name) => pattern.test(name))) return;
    ok(performance.now() < deadline, `${folder} never held ${pattern}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Where a backup is kept that comes by the standard input. */
const kept = /^cellplane-restore-/;

describe("cellplane store backup and restore", () => {
  it("say what cannot be written, without a stack", async () => {
    const { code, told } = await ended(
      run(["backup", join(root, "absent", "file"), "--data-dir", dataDir]),
    );
    equal(code, 1);
    match(told, /^Error: Cannot write the backup to ".*absent\/file": ENOENT.*\n$/);
  });

  it("say that whoever reads the standard output has gone", async () => {
    const child = run(["backup", "-", "--data-dir", dataDir]);
    child.stdout?.once("data", () => child.stdout?.destroy());
    const { code, told } = await ended(child);
    equal(code, 1);
    match(told, /^Error: Cannot write the backup to the standard output: .*EPIPE\n$/);
  });

  it("leave nothing half made where they are interrupted", async () => {
    const folder = mkdtempSync(join(root, "interrupted-"));
    // Its input never ends, so the restore waits where it is interrupted.
    const child = run(["restore", "-", "--datastore", `sqlite:${join(root, "to.db")}`], folder);
    child.stdin?.write("cellplane");
    await holds(folder, kept);
    child.kill("SIGINT");
    equal((await ended(child)).code, "SIGINT");
    equal(
      readdirSync(folder).some((name) => kept.test(name)),
      false,
    );
  });
});

describe("cellplane store compact", () => {
  it("makes no store of a file that is none", async () => {
    const path = join(root, "empty.db");
    writeFileSync(path, "");
    const { code, told } = await ended(
      run(["compact", "--datastore", `sqlite:${path}`, "--revision", "1"]),
    );
    equal(code, 1);
    equal(told, `Error: Cannot look at the store "${path}": it is not a store of cellplane\n`);
    equal(statSync(path).size, 0);
  });
});
