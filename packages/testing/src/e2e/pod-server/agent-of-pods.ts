import { equal } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject, type JsonObject, parseYamlDocuments } from "@cellplane/apimachinery";
import { cellplaneProgram, runCellplane } from "../run-program.ts";
import type { TestServer } from "../test-server.ts";
import type { PodServer } from "./pod-server.ts";

/** The agent of a pod server, which a control plane reaches as the cluster `pods` through it alone. */
export class AgentOfPods implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Registers the cluster `pods`, and starts its agent from the manifest that is printed for it. */
  static async start(
    server: TestServer,
    { pods, folder }: { readonly pods: PodServer; readonly folder: string },
  ): Promise<AgentOfPods> {
    const asked = ["--tunnel", "--no-member-access", "--api-endpoint", pods.url];
    const args = ["join", "pods", "--kubeconfig", server.kubeconfig, ...asked];
    const { code, stdout, stderr } = await runCellplane(args);
    equal(code, 0, stderr);
    const credentials = join(folder, "agent");
    await mkdir(credentials, { mode: 0o700 });
    for (const [name, bytes] of Object.entries(secretIn(stdout))) {
      await writeFile(join(credentials, name), Buffer.from(bytes, "base64"), { mode: 0o600 });
    }
    const address = /--server\n\s+- (\S+)/.exec(stdout)?.[1] ?? "";
    const own = ["--credentials", credentials, "--target", pods.url];
    const command = [cellplaneProgram, "agent", "--server", address, "--cluster", "pods", ...own];
    return new AgentOfPods(spawn(process.execPath, command, { stdio: "ignore" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** What is in the manifest's only Secret, in base64. */
function secretIn(manifest: string): Readonly<Record<string, string>> {
  const secret = parseYamlDocuments(manifest).find(
    (document): document is JsonObject => isJsonObject(document) && document["kind"] === "Secret",
  );
  const data = secret?.["data"];
  if (!isJsonObject(data)) throw new Error("The manifest has no credential for the agent");
  return data as Readonly<Record<string, string>>;
}
