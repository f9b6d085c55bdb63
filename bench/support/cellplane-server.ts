import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/cellplane", import.meta.url));

/** A server under measurement. */
export interface MeasuredServer {
  /** All processes that do its work. */
  readonly pids: readonly number[];
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** Starts `cellplane VERB …` on a free port; `CELLPLANE_BENCH_NODE` holds further options of Node. */
export async function startCellplane(
  verb: "up" | "member",
  { dataDir, args = [] }: { readonly dataDir: string; readonly args?: readonly string[] },
): Promise<MeasuredServer> {
  const nodeArgs = process.env["CELLPLANE_BENCH_NODE"]?.split(" ") ?? [];
  const child = spawn(
    process.execPath,
    [...nodeArgs, program, verb, "--data-dir", dataDir, "--listen", "127.0.0.1:0", ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const kubeconfig = /ready at \S+, kubeconfig (.+)$/.exec(line)?.[1];
    if (kubeconfig === undefined || child.pid === undefined) continue;
    child.stdout.resume();
    return {
      pids: [child.pid],
      kubeconfig,
      async stop() {
        child.kill("SIGTERM");
        await ended;
      },
    };
  }
  throw new Error(`Cannot start "cellplane ${verb}"`);
}
