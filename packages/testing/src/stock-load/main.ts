import { parseArgs } from "node:util";
import { subjectNames } from "./load-subject.ts";
import { runLoad } from "./run-load.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: subjectNames.join() },
    seconds: { type: "string", default: "60" },
    objects: { type: "string", default: "5000" },
    seed: { type: "string" },
    writers: { type: "string", default: "8" },
    watchers: { type: "string", default: "4" },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
for (const name of values.store.split(",")) {
  const subject = subjectNames.find((known) => known === name);
  if (!subject) throw new Error(`Cannot load "${name}": there are ${subjectNames.join()}`);
  const { faults, report } = await runLoad({
    subject,
    seed,
    seconds: Number(values.seconds),
    objects: Number(values.objects),
    writers: Number(values.writers),
    watchers: Number(values.watchers),
  });
  console.log(`${subject}, seed ${seed}: ${JSON.stringify(report, undefined, 1)}`);
  for (const fault of faults.slice(0, 20)) console.log(`BROKEN: ${fault}`);
  if (faults.length > 0) {
    console.log(`${faults.length} promises broken`);
    process.exitCode = 1;
  }
}
