import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type ClientHttp2Stream } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../../../bin/cellplane", import.meta.url));
const watches = 100;
const stopWithinMs = 2000;
const token = "a-token-that-no-log-may-show";

interface Server extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly url: string;
  readonly dir: string;
  stderr(): string;
}

/** A member on a free port, up to its ready line. */
async function startMember(...options: readonly string[]): Promise<Server> {
  const dir = await mkdtemp(join(tmpdir(), "cellplane-signal-"));
  const common = ["member", "--data-dir", dir, "--listen", "127.0.0.1:0", "--datastore", "memory"];
  const process = spawn(globalThis.process.execPath, [bin, ...common, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  process.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  let line = "";
  for await (line of createInterface(process.stdout)) break;
  match(line, /^Member ready at /, stderr);
  return {
    process,
    dir,
    url: /https:\S+(?=,)/.exec(line)?.[0] ?? "",
    stderr: () => stderr,
    async [Symbol.asyncDispose]() {
      process.kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Sends SIGTERM; how the process ended and after how long. */
async function stop({ process }: Server): Promise<{ readonly code: unknown; readonly ms: number }> {
  const startedMs = performance.now();
  const exit = once(process, "exit", { signal: AbortSignal.timeout(10_000) });
  process.kill("SIGTERM");
  const [code] = (await exit) as readonly unknown[];
  return { code, ms: performance.now() - startedMs };
}

async function openWatch(stream: ClientHttp2Stream): Promise<number> {
  stream.on("error", () => undefined).resume();
  const [headers] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
  return Number(headers[":status"]);
}

describe("serveUntilSignal()", () => {
  it("ends at SIGTERM at once, though its controllers have only just begun", async () => {
    await using server = await startMember();
    const { code, ms } = await stop(server);
    deepEqual({ code, stderr: server.stderr() }, { code: 0, stderr: "" });
    ok(ms < stopWithinMs, `it took ${ms} ms`);
  });

  it("ends at SIGTERM with open watches, and shows no token in its log", async () => {
    const dir = await mkdtemp(join(tmpdir(), "cellplane-token-"));
    const file = join(dir, "tokens.csv");
    await writeFile(file, `${token},jane,u1,"system:masters"\n`);
    const audit = join(dir, "audit.jsonl");
    const logged = ["--log-level", "debug", "--token-auth-file", file, "--audit-log-path", audit];
    await using server = await startMember(...logged);
    const session = connect(server.url, { ca: await readFile(join(server.dir, "pki", "ca.crt")) });
    session.on("error", () => undefined);
    const request = { ":path": "/api/v1/configmaps?watch=true", authorization: `Bearer ${token}` };
    const streams = Array.from({ length: watches }, () => openWatch(session.request(request)));
    deepEqual(new Set(await Promise.all(streams)), new Set([200]));
    const { code, ms } = await stop(server);
    session.destroy();
    equal(code, 0, server.stderr());
    ok(ms < stopWithinMs, `it took ${ms} ms`);
    const audited = await readFile(audit, "utf8");
    match(audited, /"username":"jane"/);
    equal((audited + server.stderr()).includes(token), false);
    await rm(dir, { recursive: true });
  });
});
