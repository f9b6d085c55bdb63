import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ProgramResult } from "../e2e/run-program.ts";

const main = fileURLToPath(new URL("../../../../apps/cli/src/main.ts", import.meta.url));
const endOfOutput = "\u0000";

// Runs one command line after another: starting a process for each takes most of a test's time.
const loop = `
import { createInterface } from "node:readline";
import { runMain } from ${JSON.stringify(main)};
for await (const line of createInterface({ input: process.stdin })) {
  process.exitCode = 0;
  await runMain(JSON.parse(line));
  process.stderr.write("\\0");
  process.stdout.write(process.exitCode + "\\0");
  process.exitCode = 0;
}
`;

/** The command line in a process of its own, which runs what it is given in turn. */
export class CommandLineSession implements AsyncDisposable {
  readonly #child = spawn(process.execPath, ["--input-type=module", "-e", loop]);
  readonly #stdout = readParts(this.#child.stdout);
  readonly #stderr = readParts(this.#child.stderr);
  readonly #ended = new Promise((resolve) => this.#child.once("close", resolve));
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `cellplane …`. */
  run(args: readonly string[]): Promise<ProgramResult> {
    const result = this.#last.then(async () => {
      this.#child.stdin.write(`${JSON.stringify(args)}\n`);
      const [out, stderr] = await Promise.all([next(this.#stdout), next(this.#stderr)]);
      const code = /\d+$/.exec(out)?.[0] ?? "";
      return { code: Number(code), stdout: out.slice(0, out.length - code.length), stderr };
    });
    this.#last = result;
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}

async function* readParts(stream: Readable): AsyncGenerator<string, undefined> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const parts = (text + String(chunk)).split(endOfOutput);
    text = parts.pop() ?? "";
    yield* parts;
  }
  return undefined;
}

async function next(parts: AsyncGenerator<string, undefined>): Promise<string> {
  const { value } = await parts.next();
  if (value === undefined) throw new Error("The command line ended by itself");
  return value;
}
