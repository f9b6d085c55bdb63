import { findUnrecorded } from "./audited-writes.ts";
import { firstSteps, generateStep, type Generation } from "./generate-step.ts";
import { formatWrite } from "./oracle.ts";
import { createRandom } from "./random.ts";
import { Run } from "./run.ts";
import { formatStep, type Step } from "./steps.ts";
import { World, type WorldSettings } from "./world.ts";

/** How sequences are run. */
export interface SequenceSettings extends WorldSettings {
  /** How long the world may take to come to what the model says after a step. */
  readonly withinMs: number;
  /** Whether a write that nothing explains ends the sequence at once. */
  readonly isEndedByUnexplained?: boolean;
}

/** What became of a sequence. */
export interface SequenceResult {
  readonly steps: readonly Step[];
  /** What went wrong, in words; nothing where all was well. */
  readonly faults: readonly string[];
  readonly writes: number;
}

/** Does given steps. */
export function runSteps(
  steps: readonly Step[],
  settings: SequenceSettings,
): Promise<SequenceResult> {
  const rest = steps.values();
  return runSequence(() => rest.next().value, settings);
}

/** Does as many random steps, the same for the same seed as long as the world behaves. */
export function runSeed(
  { seed, length }: { readonly seed: number; readonly length: number },
  settings: SequenceSettings,
): Promise<SequenceResult> {
  const random = createRandom(seed);
  const state: Generation = { random, count: 0, hasBackup: false, drifts: new Map() };
  const first = firstSteps.values();
  let done = 0;
  return runSequence((run) => {
    const { value, done: isOver } = first.next();
    if (!isOver) return value;
    if (done++ >= length) return undefined;
    return generateStep(run.model, state);
  }, settings);
}

async function runSequence(
  next: (run: Run) => Step | undefined,
  settings: SequenceSettings,
): Promise<SequenceResult> {
  await using world = await World.open(settings);
  const run = new Run(world, settings);
  const steps: Step[] = [];
  const faults: string[] = [];
  try {
    for (let step = next(run); step !== undefined; step = next(run)) {
      steps.push(step);
      await run.do(step);
    }
  } catch (error) {
    faults.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  for (const { write, why } of await run.finish()) {
    faults.push(`unexplained write: ${formatWrite(write)}: ${why}`);
  }
  for (const cluster of world.members.keys()) {
    const recorded = world.writes.filter((write) => write.cluster === cluster);
    for (const missing of findUnrecorded(await world.audit(cluster), recorded)) {
      faults.push(`the audit log of ${cluster} has a write that was not recorded: ${missing}`);
    }
  }
  return { steps, faults, writes: world.writes.length };
}

/** A failed sequence in words, and how to see it again. */
export function formatStory(title: string, { steps, faults }: SequenceResult): string {
  const list = steps.map((step) => `  ${formatStep(step)}`).join("\n");
  return `${title}\n${faults.map((fault) => `- ${fault}`).join("\n")}\nSteps:\n${list}`;
}

/** Leaves out steps as long as it still fails: halves first, then one by one. */
export async function shorten(
  { steps }: SequenceResult,
  settings: SequenceSettings,
  untilMs: number,
): Promise<SequenceResult | undefined> {
  let best: SequenceResult | undefined;
  let current = steps;
  for (let size = Math.ceil(current.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < current.length && Date.now() < untilMs;) {
      const shorter = [...current.slice(0, at), ...current.slice(at + size)];
      const result = await runSteps(shorter, settings);
      if (result.faults.length > 0) {
        best = result;
        current = shorter;
      } else at += size;
    }
  }
  return best;
}
