import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import type { Site } from "../propagation/fleet.ts";

const program = fileURLToPath(new URL("members.ts", import.meta.url));
const perProcess = 10;

/** The name of a member by its number. */
export function memberName(index: number): string {
  return `m${String(index).padStart(3, "0")}`;
}

/** Starts members, ten to a process, and connects to them. */
export async function openMembers(
  count: number,
  folder: string,
  opened: AsyncDisposableStack,
): Promise<readonly Site[]> {
  const sites: Site[] = [];
  for (let first = 0; first < count; first += perProcess) {
    const names = Array.from({ length: Math.min(perProcess, count - first) }, (_, i) =>
      memberName(first + i),
    );
    sites.push(...(await openProcess(names, folder, opened)));
  }
  return sites;
}

async function openProcess(
  names: readonly string[],
  folder: string,
  opened: AsyncDisposableStack,
): Promise<readonly Site[]> {
  const child = spawn(process.execPath, [program, folder, ...names], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  opened.defer(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const sites: Site[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = "", kubeconfig = ""] = line.split(" ");
    const { connection } = await loadKubeconfig({ file: kubeconfig });
    const client = opened.use(
      connectRestClient(connection, { userAgent: "bench", timeoutMs: 60_000 }),
    );
    const server = { pids: [child.pid ?? 0], kubeconfig, stop: async () => undefined };
    sites.push({ name, server, client, auditLog: join(folder, `${name}.audit.jsonl`) });
    if (sites.length === names.length) return sites.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
  throw new Error(`Cannot start the members ${names.join(", ")}`);
}
