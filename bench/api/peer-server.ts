import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { MeasuredServer } from "../support/cellplane-server.ts";
import { childrenOf } from "../support/usage.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const startWithinMs = 60_000;

/** Where the peers are, or why they cannot be used. */
export type PeerPlace =
  | { readonly kind: "installed"; readonly starter: string; readonly peers: string }
  | { readonly kind: "missing"; readonly reason: string };

/** Looks for Kubernetes' API server and etcd: `CELLPLANE_PEERS` and `CELLPLANE_SHARED` name the folders. */
export function findPeer(): PeerPlace {
  const peers = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache/cellplane-peers");
  const shared = process.env["CELLPLANE_SHARED"] ?? resolve(root, "../shared");
  const starter = join(shared, "peers/start-apiserver");
  const needed = [starter, join(peers, "bin/apiextensions-apiserver"), join(peers, "bin/etcd")];
  const absent = needed.find((file) => !existsSync(file));
  if (absent !== undefined) return { kind: "missing", reason: `there is no ${absent}` };
  return { kind: "installed", starter, peers };
}

/** Starts Kubernetes' own API server on an etcd of its own. */
export async function startPeer(
  { starter, peers }: { readonly starter: string; readonly peers: string },
  workDir: string,
): Promise<MeasuredServer> {
  const args = ["--port", String(await freePort()), "--etcd-port", String(await freePort())];
  const child = spawn(starter, [peers, workDir, ...args], { stdio: "ignore" });
  const ended = once(child, "exit");
  const giveUpAt = Date.now() + startWithinMs;
  while (!existsSync(join(workDir, "ready"))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) {
      child.kill("SIGTERM");
      throw new Error(`Cannot start Kubernetes' API server: see ${workDir}/apiserver.log`);
    }
    await delay(100);
  }
  const pids = childrenOf(child.pid ?? 0);
  return {
    pids,
    kubeconfig: join(workDir, "admin.kubeconfig"),
    async stop() {
      for (const pid of pids) process.kill(pid, "SIGTERM");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}
