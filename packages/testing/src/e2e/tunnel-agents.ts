import { equal } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { cellplaneProgram, runCellplane } from "./run-program.ts";
import { waitFor } from "./wait-for.ts";

/** Agents of a federation's members, as child processes. */
export class TunnelAgents implements AsyncDisposable {
  readonly #fixture: FederationFixture;
  readonly #running = new Map<string, ChildProcess>();

  constructor(fixture: FederationFixture) {
    this.#fixture = fixture;
  }

  /** Joins a member through the tunnel; its agent starts as soon as its credential is there. */
  async join(name: string, args: readonly string[] = []): Promise<void> {
    const folder = this.folderOf(name);
    const joining = runCellplane([
      "join",
      name,
      "--kubeconfig",
      this.#fixture.controlPlane.kubeconfig,
      "--member-kubeconfig",
      this.#fixture.member(name).kubeconfig,
      "--tunnel",
      "--credentials-dir",
      folder,
      ...args,
    ]);
    await waitFor(`the credential of the agent of ${name}`, async () =>
      existsSync(join(folder, "tls.key")) ? true : undefined,
    );
    await this.start(name);
    const { code, stderr } = await joining;
    equal(code, 0, stderr);
  }

  /** Starts the agent of a member. `more`: further arguments. */
  async start(name: string, more: readonly string[] = []): Promise<void> {
    const server = await this.#serverAddress();
    const { client } = this.#fixture.member(name);
    const args = ["agent", "--server", server, "--cluster", name];
    this.#running.set(
      name,
      spawn(
        process.execPath,
        [
          cellplaneProgram,
          ...args,
          "--credentials",
          this.folderOf(name),
          "--target",
          client.server,
          ...more,
        ],
        { stdio: "ignore" },
      ),
    );
  }

  /** Ends the agent of a member as a crash would. */
  async kill(name: string): Promise<void> {
    await end(this.#running.get(name));
    this.#running.delete(name);
  }

  /** Where the agent's credential lies. */
  folderOf(name: string): string {
    return join(this.#fixture.folder, `agent-${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map(end));
  }

  async #serverAddress(): Promise<string> {
    const args = ["-n", systemNamespace, "get", "configmap", "cellplane-tunnel", "-o", "json"];
    const { data } = JSON.parse(await this.#fixture.kubectl.ok(args)) as {
      readonly data: Readonly<Record<string, string>>;
    };
    const { "ca.crt": _, ...servers } = data;
    return Object.values(servers)[0] ?? "";
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
