/**
 * Measures the API server, side by side with Kubernetes' own on etcd where that is installed:
 * `npm run bench:api -- [--seconds 2] [--only own] [--json]`. Figures of different runs are not
 * comparable; the ratios of one run are.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadKubeconfig } from "@cellplane/client/node";
import { type MeasuredServer, startCellplane } from "../support/cellplane-server.ts";
import { H2Pool } from "../support/h2-pool.ts";
import { describeMachine, formatMachine } from "../support/machine.ts";
import { readUsage } from "../support/usage.ts";
import { type Bench, cases, fill } from "./cases.ts";
import { findPeer, startPeer } from "./peer-server.ts";
import { formatMemory, formatTable, type Series } from "./report.ts";
import { configMaps, customResources, settingsDefinition, type Subject } from "./subject.ts";

type ServerKind = "own" | "peer";

interface Measured {
  readonly server: MeasuredServer;
  readonly kind: ServerKind;
  readonly subject: Subject;
}

// Go's servers allow 100 streams on a connection, and 1,000 watchers share these.
const sessions = 16;
const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    only: { type: "string" },
    case: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
  },
});
const ms = Number(options.seconds) * 1000;

async function main(folder: string): Promise<void> {
  const machine = describeMachine();
  say(formatMachine(machine));
  const series = [
    await measureOwn("cellplane, ConfigMap", join(folder, "builtin"), configMaps),
    await measureOwn("cellplane, custom resource", join(folder, "custom"), customResources),
  ];
  const peer = await measurePeer(join(folder, "peer"));
  if (peer) series.push(peer);
  if (options.json) console.log(JSON.stringify({ machine, series }, undefined, 2));
  else for (const line of [...formatTable(series), ...formatMemory(series)]) console.log(line);
}

/** Each kind on a server of its own, so that the memory is that of one kind, as the peer's is. */
async function measureOwn(name: string, dataDir: string, subject: Subject): Promise<Series> {
  const server = await startCellplane("up", { dataDir });
  try {
    return await measureServer(name, { server, kind: "own", subject });
  } finally {
    await server.stop();
  }
}

async function measurePeer(workDir: string): Promise<Series | undefined> {
  const place = options.only === "own" ? undefined : findPeer();
  if (!place) return undefined;
  if (place.kind === "missing") {
    say(`Kubernetes' API server is left out: ${place.reason}`);
    return undefined;
  }
  const peer = await startPeer(place, workDir);
  try {
    return await measureServer("kubernetes + etcd, custom resource", {
      server: peer,
      kind: "peer",
      subject: customResources,
    });
  } finally {
    await peer.stop();
  }
}

async function measureServer(name: string, { server, kind, subject }: Measured): Promise<Series> {
  const { connection } = await loadKubeconfig({ file: server.kubeconfig });
  const pool = await H2Pool.open(connection, sessions);
  const bench: Bench = { pids: server.pids, pool, subject, ms };
  const atStart = readUsage(server.pids);
  await prepare(bench, kind);
  const figures = [];
  for (const { title, run } of cases) {
    if (options.case && !options.case.some((word) => title.includes(word))) continue;
    say(`${name}: ${title}`);
    figures.push(await run(bench));
  }
  await pool.close();
  const { rssBytes, peakRssBytes } = readUsage(server.pids);
  return { name, figures, startRssBytes: atStart.rssBytes, rssBytes, peakRssBytes };
}

async function prepare(bench: Bench, kind: ServerKind): Promise<void> {
  const { pool, subject } = bench;
  const contentType = "application/json";
  if (subject === customResources) {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await pool.request({ method: "POST", path, contentType, body: settingsDefinition });
  }
  // The peer has no namespaces as objects: objects may lie in any.
  for (const name of kind === "own" ? ["bench", "bench-created"] : []) {
    const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    await pool.request({ method: "POST", path: "/api/v1/namespaces", contentType, body });
  }
  await waitUntilServed(bench);
  await fill(bench);
}

/** A custom resource is served a moment after its definition was created. */
async function waitUntilServed({ pool, subject }: Bench): Promise<void> {
  const giveUpAt = Date.now() + 15_000;
  for (;;) {
    try {
      await pool.request({ method: "GET", path: subject.collection });
      return;
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Progress; the figures alone go to the standard output. */
function say(line: string): void {
  console.error(line);
}

const folder = mkdtempSync(join(tmpdir(), "cellplane-bench-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
