import { deepEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { firstSteps } from "./generate-step.ts";
import { plantedBugs } from "./planted-bugs.ts";
import { formatStory, runSteps } from "./sequence.ts";

describe("the model and its oracle", () => {
  for (const { name, createPlan, steps, reported } of plantedBugs) {
    it(`report it when ${name}`, async () => {
      const settings = {
        mode: "in-process",
        plan: createPlan(),
        withinMs: 30_000,
        isEndedByUnexplained: true,
      } as const;
      const result = await runSteps([...firstSteps, ...steps], settings);
      ok(
        result.faults.some((fault) => reported.test(fault)),
        formatStory("not reported:", result),
      );
    });
  }

  it("report nothing of the same steps where no mistake is planted", async () => {
    const steps = [...firstSteps, ...plantedBugs.flatMap((bug) => bug.steps)];
    const result = await runSteps(steps, { mode: "in-process", withinMs: 30_000 });
    deepEqual(result.faults, [], formatStory("reported:", result));
  });
});
