import { deepEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { subjectNames } from "./load-subject.ts";
import { runLoad } from "./run-load.ts";

const seconds = Number(process.env["CELLPLANE_LOAD_SECONDS"] ?? "10");
const objects = 800;

describe("Kubernetes' own API server under load, while its store is killed", () => {
  for (const subject of subjectNames) {
    it(`loses nothing, and tells every watch all, on ${subject}`, async (t) => {
      const seed = Date.now() % 1_000_000;
      const { faults, report } = await runLoad({
        subject,
        seconds,
        seed,
        // Two pages of a list.
        objects,
        writers: 8,
        watchers: 4,
      });
      t.diagnostic(`seed ${seed}: ${JSON.stringify(report)}`);
      deepEqual(faults.slice(0, 10), []);
      ok(Number(report["acknowledged"]) > objects, "more than the objects were written");
    });
  }
});
