import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { WorkQueue } from "../workqueue/work-queue.ts";
import { runController } from "./run-controller.ts";

/** A controller whose reconciles last until they are let go. */
function startController(initial: number) {
  const queue = new WorkQueue();
  const stop = new AbortController();
  const running = new Map<string, () => void>();
  const results: string[] = [];
  let workers = initial;
  let changed: () => void = () => undefined;
  const ended = runController(
    {
      name: "test",
      queue,
      reconcile: (key) => {
        const done = Promise.withResolvers<{ readonly kind: "done" }>();
        running.set(key, () => {
          running.delete(key);
          done.resolve({ kind: "done" });
        });
        return done.promise;
      },
      workers: {
        current: () => workers,
        onChange: (listener) => {
          changed = listener;
        },
      },
      onError: () => undefined,
      observer: {
        started: () => undefined,
        ended: (key, result) => results.push(`${key} ${result}`),
        workersChanged: (count) => results.push(`${count} workers`),
      },
    },
    stop.signal,
  );
  const setWorkers = (count: number): void => {
    workers = count;
    changed();
  };
  return { queue, stop, running, results, ended, setWorkers };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("runController()", () => {
  it("takes more keys at a time, and fewer, as its workers change", async () => {
    const { queue, stop, running, results, ended, setWorkers } = startController(1);
    for (const key of ["a", "b", "c", "d", "e"]) queue.add(key);
    await settled();
    deepEqual(Array.from(running.keys()), ["a"]);
    setWorkers(3);
    await settled();
    deepEqual(Array.from(running.keys()), ["a", "b", "c"]);
    setWorkers(1);
    for (const key of ["a", "b", "c"]) running.get(key)?.();
    await settled();
    equal(running.size, 1);
    for (let left = 0; left < 2; left++) {
      for (const finish of Array.from(running.values())) finish();
      await settled();
    }
    equal(running.size, 0);
    deepEqual(results.filter((each) => each.endsWith("success")).length, 5);
    deepEqual(
      results.filter((each) => each.endsWith("workers")),
      ["1 workers", "3 workers", "1 workers"],
    );
    stop.abort();
    await ended;
  });
});
