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

describe("runController() with work that waits for nothing", () => {
  it("lets timers have their turn in between", async () => {
    const queue = new WorkQueue();
    const stop = new AbortController();
    const keys = Array.from({ length: 100 }, (_, at) => `key-${at}`);
    for (const key of keys) queue.add(key);
    let done = 0;
    let doneAtTimer: number | undefined;
    const timer = new Promise<void>((resolve) => {
      setTimeout(() => {
        doneAtTimer = done;
        resolve();
      }, 1);
    });
    const ended = runController(
      {
        name: "busy",
        queue,
        reconcile: async () => {
          const until = performance.now() + 2;
          while (performance.now() < until);
          done += 1;
          if (done === keys.length) stop.abort();
          return { kind: "done" };
        },
        workers: 4,
        onError: () => undefined,
      },
      stop.signal,
    );
    await Promise.all([ended, timer]);
    equal(done, keys.length);
    equal((doneAtTimer ?? keys.length) < keys.length, true, `the timer came after ${doneAtTimer}`);
  });
});
