/**
 * Measures stores side by side in one run, a real etcd among them:
 * `node bench/store/main.ts [--subjects etcd,sqlite,…] [--only REGEXP] [--seconds 2] [--rounds 3]
 * [--warm 1] [--keys 10000] [--folder DIR] [--json FILE] [--plots FOLDER]`.
 * Each is warmed up first, as servers that run for long are. Rounds go through all stores in turn,
 * and ratios are those of one round, for a disk's mood changes.
 * `etcd` and `facade …` are reached by the same gRPC client, the others in the bench's own process.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, formatMachine } from "../support/machine.ts";
import { drawStorePlots, formatTable, type Report, type Sample } from "./report.ts";
import { SubjectOpener, type Subject, subjectNames, type SubjectName } from "./subjects.ts";
import { fillTable, type Workload, workloadsOf } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    subjects: { type: "string", default: subjectNames.join(",") },
    only: { type: "string", default: "" },
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    warm: { type: "string", default: "1" },
    keys: { type: "string", default: "10000" },
    folder: { type: "string" },
    json: { type: "string" },
    plots: { type: "string" },
    from: { type: "string" },
  },
});

async function measure(): Promise<Report> {
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), "cellplane-bench-"));
  const samples: Sample[] = [];
  const machine = describeMachine();
  console.log(formatMachine(machine));
  try {
    await using opened = new AsyncDisposableStack();
    const opener = new SubjectOpener(folder, opened);
    const subjects: Subject[] = [];
    for (const name of options.subjects.split(","))
      subjects.push(await opener.open(checkName(name)));
    const keys = Number(options.keys);
    for (const subject of subjects) await fillTable(subject, keys);
    const only = new RegExp(options.only);
    for (const workload of workloadsOf(keys)) {
      if (!only.test(workload.name)) continue;
      const warmMs = Number(options.warm) * 1000;
      for (const subject of warmMs > 0 ? subjects : []) {
        if (!isLeftOut(workload, subject)) await workload.run(subject, warmMs);
      }
      for (let round = 0; round < Number(options.rounds); round++) {
        for (const subject of subjects) {
          if (isLeftOut(workload, subject)) continue;
          const figure = await workload.run(subject, Number(options.seconds) * 1000);
          samples.push({ workload: workload.name, subject: subject.name, round, ...figure });
        }
      }
      console.log(formatTable(samples.filter((sample) => sample.workload === workload.name)));
    }
    return { machine, keys, samples };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isLeftOut({ without = [] }: Workload, { name }: Subject): boolean {
  return without.includes(name.split(" ")[0] ?? "");
}

function checkName(name: string): SubjectName {
  const known = subjectNames.find((subject) => subject === name);
  if (known === undefined) {
    throw new Error(`Cannot measure "${name}"; there are: ${subjectNames.join(", ")}`);
  }
  return known;
}

const report =
  options.from === undefined
    ? await measure()
    : (JSON.parse(readFileSync(options.from, "utf8")) as Report);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report)}\n`);
if (options.plots !== undefined) {
  mkdirSync(options.plots, { recursive: true });
  for (const [name, svg] of drawStorePlots(report)) {
    writeFileSync(join(options.plots, `performance-store-${name}.svg`), svg);
  }
}
