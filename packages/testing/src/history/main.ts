import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkHistory } from "./check/check-history.ts";
import { type FaultKind, faultKinds } from "./faults/inject-faults.ts";
import { type PlantedBug, plantedBugs } from "./planted/planted-bug.ts";
import { readHistory } from "./record/read-history.ts";
import { formatFigures, formatViolations } from "./report/format-verdict.ts";
import { runHistory } from "./run/run-history.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "memory" },
    seconds: { type: "string", default: "30" },
    operations: { type: "string" },
    processes: { type: "string", default: "3" },
    clients: { type: "string", default: "24" },
    seed: { type: "string" },
    faults: { type: "string", default: faultKinds.join(",") },
    /** Mean pause between two faults, in milliseconds. */
    "fault-every": { type: "string", default: "500" },
    bug: { type: "string" },
    /** Keeps the records in a new folder below this one. */
    keep: { type: "string" },
    /** Checks records that are there: a folder of them, or one file. */
    check: { type: "string" },
  },
});

function namedFaults(text: string): readonly FaultKind[] {
  const names = text.split(",");
  return faultKinds.filter((kind) => names.includes(kind));
}

async function check(files: readonly string[], records: string): Promise<void> {
  const startedMs = performance.now();
  const history = await readHistory(files);
  const readMs = performance.now();
  const verdict = checkHistory(history);
  const checkedMs = performance.now();
  console.log(formatFigures(history, verdict));
  const [readS, checkS] = [readMs - startedMs, checkedMs - readMs].map((ms) =>
    (ms / 1000).toFixed(1),
  );
  console.log(`read in ${readS} s, checked in ${checkS} s`);
  if (verdict.count === 0) return console.log("no violation");
  console.log(formatViolations(history, verdict));
  console.log(`records: ${records} (again: --check ${records})`);
  process.exitCode = 1;
}

if (values.check !== undefined) {
  const path = values.check;
  const files = path.endsWith(".jsonl")
    ? [path]
    : readdirSync(path)
        .filter((name) => name.endsWith(".jsonl"))
        .map((name) => join(path, name));
  await check(files, path);
} else {
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const folder = mkdtempSync(join(values.keep ?? tmpdir(), "cellplane-history-"));
  const bug: PlantedBug | undefined = plantedBugs.find((name) => name === values.bug);
  console.log(`store ${values.store}, seed ${seed}, records in ${folder}`);
  const startedMs = performance.now();
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());
  const { files, faults } = await runHistory({
    store: values.store,
    seed,
    seconds: Number(values.operations ? Number.MAX_SAFE_INTEGER : values.seconds),
    operations: Number(values.operations ?? Number.POSITIVE_INFINITY),
    processes: Number(values.processes),
    clients: Number(values.clients),
    faults: namedFaults(values.faults),
    faultEveryMs: Number(values["fault-every"]),
    signal: stop.signal,
    folder,
    ...(bug ? { bug } : {}),
  });
  const ranS = ((performance.now() - startedMs) / 1000).toFixed(1);
  const told = Array.from(faults, ([kind, count]) => `${kind} ${count}`).join(", ");
  console.log(`ran ${ranS} s; faults: ${told || "none"}`);
  await check(files, folder);
  if (values.keep === undefined && process.exitCode !== 1) {
    rmSync(folder, { recursive: true });
  }
}
