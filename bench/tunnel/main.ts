/**
 * Measures the tunnel beside the stock server and agent of the apiserver-network-proxy, and a direct connection:
 * `node bench/tunnel/main.ts [--subjects "direct;stock grpc;…"] [--only REGEXP] [--delays 0,50]
 * [--rounds 3] [--seconds 0.7] [--json FILE] [--plots FOLDER] [--docs docs/performance.md] [--from FILE]`.
 * Target, servers and agents are processes of their own, the client is the same for all; rounds go through
 * all subjects in turn, and ratios are those of one round.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, formatMachine } from "../support/machine.ts";
import { drawTunnelPlots, formatTable, type Report, type Sample } from "./report.ts";
import { writeSection } from "./docs-section.ts";
import { formatSection } from "./tables.ts";
import { type Subject, type SubjectName, subjectNames, SubjectOpener } from "./subjects.ts";
import { workloads } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    subjects: { type: "string" },
    only: { type: "string", default: "" },
    delays: { type: "string", default: "0,50" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "0.7" },
    json: { type: "string" },
    plots: { type: "string" },
    docs: { type: "string" },
    from: { type: "string" },
  },
});

async function measure(): Promise<Report> {
  const machine = describeMachine();
  console.log(formatMachine(machine));
  const samples: Sample[] = [];
  const started = performance.now();
  for (const delayMs of options.delays.split(",").map(Number)) {
    await using opened = new AsyncDisposableStack();
    const opener = await SubjectOpener.open(opened, delayMs);
    const subjects: Subject[] = [];
    for (const name of wantedSubjects()) subjects.push(await opener.open(name));
    samples.push(...(await measureAll(subjects, delayMs)));
  }
  console.log(`took ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return { machine, samples };
}

async function measureAll(
  subjects: readonly Subject[],
  delayMs: number,
): Promise<readonly Sample[]> {
  const only = new RegExp(options.only);
  const samples: Sample[] = [];
  for (const each of workloads) {
    const { name: workload, unit, isFar, isOnce } = each;
    const rounds = isOnce ? 1 : Number(options.rounds);
    if (!only.test(workload) || (delayMs > 0 && !isFar)) continue;
    const own: Sample[] = [];
    for (let round = 0; round < rounds; round++) {
      // Memory of what runs in this process first, before the others' connections leave garbage in it.
      for (const subject of isOnce ? ownFirst(subjects) : subjects) {
        const figure = await each.run(subject, Number(options.seconds) * 1000);
        own.push({ workload, unit, subject: subject.name, delayMs, round, ...figure });
      }
    }
    console.log(formatTable(own));
    samples.push(...own);
  }
  return samples;
}

function ownFirst(subjects: readonly Subject[]): readonly Subject[] {
  const isOwn = ({ serverPids }: Subject): boolean => serverPids.includes(process.pid);
  return [...subjects.filter(isOwn), ...subjects.filter((subject) => !isOwn(subject))];
}

function wantedSubjects(): readonly SubjectName[] {
  const wanted = options.subjects?.split(";");
  if (!wanted) return subjectNames;
  return wanted.map((name) => {
    const known = subjectNames.find((subject) => subject === name);
    if (known !== undefined) return known;
    throw new Error(`Cannot measure "${name}"; there are: ${subjectNames.join("; ")}`);
  });
}

const report =
  options.from === undefined
    ? await measure()
    : (JSON.parse(readFileSync(options.from, "utf8")) as Report);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report)}\n`);
if (options.docs !== undefined) writeSection(options.docs, "tunnel", formatSection(report));
if (options.plots !== undefined) {
  mkdirSync(options.plots, { recursive: true });
  for (const [name, svg] of drawTunnelPlots(report)) {
    writeFileSync(join(options.plots, `performance-tunnel-${name}.svg`), svg);
  }
}
