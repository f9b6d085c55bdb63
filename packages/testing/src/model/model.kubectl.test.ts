import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { formatStory, runSeed } from "./sequence.ts";

// Enough for a minute; main.ts runs as long as it is told to.
const inProcess = [1, 2, 3, 4, 5] as const;
const killed = 1001;

describe("random steps in a running federation", () => {
  for (const seed of inProcess) {
    it(`end as the model says, with every write explained (seed ${seed})`, async () => {
      const settings = { mode: "in-process", withinMs: 30_000 } as const;
      const result = await runSeed({ seed, length: 30 }, settings);
      deepEqual(result.faults, [], formatStory(`seed ${seed}`, result));
    });
  }

  it("do so, too, where the control plane is a process that gets SIGKILL", async () => {
    const settings = { mode: "child", withinMs: 45_000 } as const;
    const result = await runSeed({ seed: killed, length: 15 }, settings);
    deepEqual(result.faults, [], formatStory(`seed ${killed}`, result));
  });
});
