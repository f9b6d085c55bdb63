/**
 * Measures a control plane with many members, which are servers in other processes:
 * `npm run bench:federation -- [--members 1,10,100] [--objects 1000] [--samples 50] [--json FILE] [--plots FOLDER]`.
 * `--from FILE,FILE` measures nothing and draws the plots of what earlier runs wrote.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { drawBars } from "../support/bar-plot.ts";
import { describeMachine, formatMachine, type Machine } from "../support/machine.ts";
import { readUsage } from "../support/usage.ts";
import { type Fleet, openFleet } from "./fleet.ts";
import {
  type Delay,
  measurePresence,
  measureReleaseStep,
  measureRestart,
  measureRollout,
  measureStatus,
  type Restart,
  type Rollout,
} from "./phases.ts";

/** What was measured with one number of members. */
interface Result {
  readonly members: number;
  readonly objects: number;
  readonly machine: Machine;
  readonly first: Delay;
  readonly last: Delay;
  readonly releaseStep: Delay;
  readonly status: Delay;
  readonly rollout: Rollout;
  /** Of the control plane, during the rollout. */
  readonly cpuMsPerObject: number;
  readonly cpuPercent: number;
  readonly peakRssMib: number;
  readonly restart: Restart;
  readonly restartRssMib: number;
}

const { values: options } = parseArgs({
  options: {
    members: { type: "string", default: "10" },
    objects: { type: "string", default: "1000" },
    samples: { type: "string", default: "50" },
    json: { type: "string" },
    plots: { type: "string" },
    from: { type: "string" },
  },
});
const objects = Number(options.objects);
const samples = Number(options.samples);

async function measure(members: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-bench-"));
  try {
    const machine = describeMachine();
    await using fleet = await openFleet(members, folder);
    const { first, last } = await measurePresence(fleet, samples);
    const releaseStep = await measureReleaseStep(fleet, samples);
    const status = await measureStatus(fleet, samples);
    const before = usageOf(fleet).cpuMicros;
    const start = performance.now();
    const rollout = await measureRollout(fleet, objects);
    const ms = performance.now() - start;
    const usage = usageOf(fleet);
    const cpuMs = (usage.cpuMicros - before) / 1000;
    const restart = await measureRestart(fleet);
    return {
      members,
      objects,
      machine,
      first,
      last,
      releaseStep,
      status,
      rollout,
      cpuMsPerObject: cpuMs / objects,
      cpuPercent: (cpuMs / ms) * 100,
      peakRssMib: usage.peakRssBytes / 2 ** 20,
      restart,
      restartRssMib: usageOf(fleet).peakRssBytes / 2 ** 20,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function usageOf({ controlPlane }: Fleet): ReturnType<typeof readUsage> {
  return readUsage(controlPlane.server.pids);
}

function print(result: Result): void {
  const { rollout, restart } = result;
  const requests = Object.entries(rollout.requestsPerObject)
    .filter(([, count]) => count >= 0.01)
    .map(([what, count]) => `${what} ${count.toFixed(2)}`);
  console.log(
    `${result.members} members, ${result.objects} objects; ${formatMachine(result.machine)}`,
  );
  console.log(`  presence in the first member: ${formatDelay(result.first)}`);
  console.log(`  presence in the last member:  ${formatDelay(result.last)}`);
  console.log(`  release step:                 ${formatDelay(result.releaseStep)}`);
  console.log(`  status return:                ${formatDelay(result.status)}`);
  console.log(
    `  rollout: ${Math.round(rollout.totalMs)} ms, of which created ${Math.round(rollout.createdMs)} ms; ` +
      `${Math.round(rollout.memberWritesPerSecond)} member writes/s; ` +
      `requests to a member for each object: ${requests.join(", ")}`,
  );
  console.log(
    `  control plane: ${result.cpuMsPerObject.toFixed(1)} ms of CPU for each object ` +
      `(${result.cpuPercent.toFixed(0)}% of a core), at most ${Math.round(result.peakRssMib)} MiB`,
  );
  console.log(
    `  restart: ${Math.round(restart.untilWorkedMs)} ms; writes for what was in step: ` +
      `${restart.ownWrites} to itself, ${restart.memberWrites} to members; ` +
      `at most ${Math.round(result.restartRssMib)} MiB`,
  );
}

function formatDelay({ samples: count, p50Ms, p90Ms, p99Ms }: Delay): string {
  const [p50, p90, p99] = [p50Ms, p90Ms, p99Ms].map((ms) => ms.toFixed(1));
  return `p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, ${count} samples`;
}

function readResults(files: string): Result[] {
  return files
    .split(",")
    .flatMap((file) => JSON.parse(readFileSync(file, "utf8")) as readonly Result[]);
}

function plot(results: readonly Result[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  const delays = {
    presence: ["Creation to presence in the last member", ({ last }: Result) => last],
    step: ["Mask widened by one member to the new version there", (of: Result) => of.releaseStep],
    status: ["Member's status to the federated object's", ({ status }: Result) => status],
  } as const;
  for (const [name, [title, delayOf]] of Object.entries(delays)) {
    const groups = results.map((result) => {
      const { p50Ms, p90Ms, p99Ms } = delayOf(result);
      return { label: `${result.members} members`, values: [p50Ms, p90Ms, p99Ms] };
    });
    const svg = drawBars({ title, unit: "ms", series: ["p50", "p90", "p99"], groups });
    writeFileSync(join(folder, `performance-federation-${name}.svg`), svg);
  }
}

const results = options.from === undefined ? [] : readResults(options.from);
const fleets = options.from === undefined ? options.members.split(",").map(Number) : [];
for (const members of fleets) {
  const result = await measure(members);
  results.push(result);
  print(result);
}
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
}
if (options.plots !== undefined) plot(results, options.plots);
