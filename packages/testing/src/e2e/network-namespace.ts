import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { equal } from "node:assert/strict";
import { type ProgramInput, runProgram } from "./run-program.ts";

const startWithinMs = 60_000;

/**
 * A network of its own, with one line to this machine's: from inside, this machine is at `outside`;
 * what listens on the loopback address inside can be reached from inside alone. Needs root and `ip`.
 */
export class NetworkNamespace implements AsyncDisposable {
  /** This machine's end of the line. */
  readonly outside: string;
  /** The other end, on which nothing listens. */
  readonly inside: string;
  readonly #name: string;
  readonly #running: ChildProcess[] = [];

  private constructor(name: string, net: string) {
    this.#name = name;
    this.outside = `${net}.1`;
    this.inside = `${net}.2`;
  }

  static async open(): Promise<NetworkNamespace> {
    const name = `cellplane-${process.pid}`;
    const network = new NetworkNamespace(name, `10.213.${process.pid % 250}`);
    const line = `cpl${process.pid}`;
    await ip(["netns", "add", name]);
    try {
      await ip(["link", "add", line, "type", "veth", "peer", "name", "eth0", "netns", name]);
      await ip(["address", "add", `${network.outside}/30`, "dev", line]);
      await ip(["link", "set", line, "up"]);
      await ip(["-n", name, "address", "add", `${network.inside}/30`, "dev", "eth0"]);
      await ip(["-n", name, "link", "set", "eth0", "up"]);
      await ip(["-n", name, "link", "set", "lo", "up"]);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a program inside to its end. @throws {AssertionError} It fails. */
  async ok(command: readonly string[], input: ProgramInput = {}): Promise<string> {
    const { code, stdout, stderr } = await runProgram("ip", this.#argsOf(command), input);
    equal(code, 0, `${command.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Starts a program inside, which ends with the network; resolves with the line that matches. */
  async start(command: readonly string[], ready: RegExp): Promise<RegExpExecArray> {
    const child = spawn("ip", this.#argsOf(command), { stdio: ["ignore", "pipe", "ignore"] });
    this.#running.push(child);
    const timer = setTimeout(() => child.kill("SIGKILL"), startWithinMs);
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const match = ready.exec(line);
        if (!match) continue;
        child.stdout.resume();
        return match;
      }
    } finally {
      clearTimeout(timer);
    }
    throw new Error(`Cannot start "${command.join(" ")}"`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    // The line goes with it.
    await ip(["netns", "delete", this.#name]);
  }

  #argsOf(command: readonly string[]): readonly string[] {
    return ["netns", "exec", this.#name, ...command];
  }
}

async function ip(args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram("ip", args);
  equal(code, 0, `ip ${args.join(" ")} ended with ${code}: ${stderr}`);
}
