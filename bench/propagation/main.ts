/**
 * Measures how fast changes travel between a control plane and two members, each a process:
 * `npm run bench:propagation -- [--samples 100] [--objects 1000] [--json]`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { describeMachine, formatMachine } from "../support/machine.ts";
import { readUsage } from "../support/usage.ts";
import { type Fleet, openFleet } from "./fleet.ts";
import { type Delay, measureApply, measureRollout, measureStatus, type Rollout } from "./phases.ts";

/** What each server used during one phase. */
interface SiteUse {
  readonly site: string;
  readonly cpuMs: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly rssMib: number;
  readonly peakRssMib: number;
}

const { values: options } = parseArgs({
  options: {
    samples: { type: "string", default: "100" },
    objects: { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});
const samples = Number(options.samples);

async function main(folder: string): Promise<void> {
  const machine = describeMachine();
  console.error(formatMachine(machine));
  await using fleet = await openFleet(folder);
  const apply = await observe(fleet, () => measureApply(fleet, samples));
  const status = await observe(fleet, () => measureStatus(fleet, samples));
  const rollout = await observe(fleet, () => measureRollout(fleet, Number(options.objects)));
  if (options.json) {
    console.log(JSON.stringify({ machine, apply, status, rollout }, undefined, 2));
    return;
  }
  print(formatDelay("apply to presence in two members", apply.figure), apply.use);
  print(formatDelay("member status to federated status", status.figure), status.use);
  print(formatRollout(rollout.figure), rollout.use);
}

async function observe<T>(
  fleet: Fleet,
  run: () => Promise<T>,
): Promise<{ readonly figure: T; readonly use: readonly SiteUse[] }> {
  const sites = [fleet.controlPlane, ...fleet.members];
  const before = sites.map(({ server }) => readUsage(server.pids).cpuMicros);
  const start = performance.now();
  const figure = await run();
  const ms = performance.now() - start;
  const use = sites.map(({ name, server }, i) => {
    const after = readUsage(server.pids);
    const cpuMs = (after.cpuMicros - (before[i] ?? 0)) / 1000;
    return {
      site: name,
      cpuMs,
      cpuPercent: (cpuMs / ms) * 100,
      rssMib: after.rssBytes / 2 ** 20,
      peakRssMib: after.peakRssBytes / 2 ** 20,
    };
  });
  return { figure, use };
}

function formatDelay(what: string, { samples, p50Ms, p99Ms }: Delay): string {
  return `${what}: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ${samples} samples`;
}

function formatRollout({ objects, createdMs, totalMs, requestsPerObject }: Rollout): string {
  const requests = Object.entries(requestsPerObject)
    .filter(([, count]) => count >= 0.01)
    .map(([what, count]) => `${what} ${count.toFixed(2)}`);
  return (
    `${objects.toLocaleString("en")} objects to two members: ${Math.round(totalMs)} ms, ` +
    `of which created ${Math.round(createdMs)} ms; ` +
    `requests to a member for each object: ${requests.join(", ")}`
  );
}

function print(line: string, use: readonly SiteUse[]): void {
  console.log(line);
  for (const { site, cpuMs, cpuPercent, rssMib, peakRssMib } of use) {
    console.log(
      `  ${site.padEnd(14)} CPU ${Math.round(cpuMs)} ms (${cpuPercent.toFixed(0)}% of a core), ` +
        `memory ${Math.round(rssMib)} MiB, at most ${Math.round(peakRssMib)} MiB`,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), "cellplane-bench-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
