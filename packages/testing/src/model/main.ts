import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { formatStory, runSeed, runSteps, type SequenceResult, shorten } from "./sequence.ts";
import type { Step } from "./steps.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    steps: { type: "string", default: "30" },
    mode: { type: "string", default: "in-process" },
    wait: { type: "string", default: "20" },
    shorten: { type: "string", default: "0" },
    file: { type: "string" },
  },
});
const mode = values.mode === "child" ? "child" : "in-process";
const settings = { mode, withinMs: Number(values.wait) * 1000 } as const;
const length = Number(values.steps);
const startedMs = Date.now();
const untilMs = startedMs + Number(values.seconds) * 1000;
let seed = Number(values.seed ?? Date.now() % 1_000_000);
let sequences = 0;
let steps = 0;
let writes = 0;

const tell = async (title: string, result: SequenceResult): Promise<void> => {
  console.log(formatStory(title, result));
  process.exitCode = 1;
  const limitMs = Number(values.shorten) * 1000;
  if (limitMs === 0) return;
  const shorter = await shorten(result, settings, Date.now() + limitMs);
  if (shorter) console.log(formatStory("SHORTER:", shorter));
};

if (values.file !== undefined) {
  const lines = readFileSync(values.file, "utf8").split("\n");
  const given = lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Step);
  const result = await runSteps(given, settings);
  if (result.faults.length > 0) await tell(`FAILED ${values.file}`, result);
} else {
  do {
    const result = await runSeed({ seed, length }, settings);
    sequences++;
    steps += result.steps.length;
    writes += result.writes;
    if (result.faults.length > 0) {
      const again = `--seed ${seed} --steps ${length} --mode ${mode} --seconds 1`;
      await tell(
        `FAILED seed ${seed} (again: node packages/testing/src/model/main.ts ${again})`,
        result,
      );
    }
    seed++;
  } while (Date.now() < untilMs);
  const minutes = (Date.now() - startedMs) / 60_000;
  console.log(
    `${sequences} sequences, ${steps} steps (${Math.round(steps / minutes)} a minute), ${writes} writes to members explained`,
  );
}
