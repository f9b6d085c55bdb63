import { equal } from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { homedir } from "node:os";
import { parseJson, type JsonValue } from "@cellplane/apimachinery";
import { type ProgramInput, type ProgramResult, runProgram } from "./run-program.ts";

/** The kubectl of a recent release, and the oldest one that is supported (1.20). */
export type KubectlName = "kubectl" | "kubectl-old";

/** kubectl with one kubeconfig. */
export class Kubectl {
  readonly #program: string;
  readonly #env: Readonly<Record<string, string>>;

  /** `home` takes what kubectl caches. @throws {Error} If there is no such kubectl. */
  constructor(
    kubeconfig: string,
    { home, name = "kubectl" }: { readonly home: string; readonly name?: KubectlName },
  ) {
    this.#program = findKubectl(name);
    this.#env = { KUBECONFIG: kubeconfig, HOME: home };
  }

  /** Runs it, however it ends. */
  run(args: readonly string[], input: ProgramInput = {}): Promise<ProgramResult> {
    return runProgram(this.#program, args, { ...input, env: { ...this.#env, ...input.env } });
  }

  /** Starts it, for the caller to end. */
  start(args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn(this.#program, args, { env: { ...process.env, ...this.#env } });
  }

  /** Runs it, asserts that it succeeds, and returns what it printed. */
  async ok(args: readonly string[], input: ProgramInput = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input);
    equal(code, 0, `kubectl ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Runs it, asserts that it is refused, and returns the complaint. */
  async refused(args: readonly string[], input: ProgramInput = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input);
    equal(code, 1, `kubectl ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stderr;
  }

  /** Applies objects. */
  apply(objects: readonly object[], args: readonly string[] = []): Promise<string> {
    return this.ok(["apply", ...args, "-f", "-"], { stdin: manifestOf(objects) });
  }

  /** Reads an object, as JSON. */
  async get(args: readonly string[]): Promise<JsonValue> {
    return parseJson(await this.ok(["get", ...args, "-o", "json"]));
  }
}

/** Objects as the text of one manifest. */
export function manifestOf(objects: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
}

/** The path of a kubectl: in the folder that CELLPLANE_PEERS names, or on PATH. */
function findKubectl(name: KubectlName): string {
  const peers = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
  const folders = [join(peers, "bin"), ...(process.env["PATH"] ?? "").split(delimiter)];
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  if (found !== undefined) return found;
  throw new Error(
    `Cannot test as there is no ${name}: neither in "${join(peers, "bin")}" (set CELLPLANE_PEERS) nor on PATH`,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
