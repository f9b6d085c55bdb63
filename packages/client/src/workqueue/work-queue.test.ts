import { deepEqual, equal } from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { WorkQueue } from "./work-queue.ts";

async function takeAll(queue: WorkQueue): Promise<readonly string[]> {
  const keys: string[] = [];
  while (queue.length > 0) {
    const key = await queue.take();
    if (key === undefined) break;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe("WorkQueue", () => {
  it("hands out a key once, however often it was added", async () => {
    const queue = new WorkQueue();
    for (const key of ["a", "b", "a", "a"]) queue.add(key);
    deepEqual(await takeAll(queue), ["a", "b"]);
  });

  it("hands out a key again when it was added while being worked on, and not before it is done", async () => {
    const queue = new WorkQueue();
    queue.add("a");
    equal(await queue.take(), "a");
    queue.add("a");
    equal(queue.length, 0);
    queue.done("a");
    equal(await queue.take(), "a");
  });

  it("gives a waiting worker the next key", async () => {
    const queue = new WorkQueue();
    const next = queue.take();
    queue.add("a");
    equal(await next, "a");
  });

  it("lets groups take turns, so that one with many keys does not starve another", async () => {
    const queue = new WorkQueue({ groupOf: (key) => key.split("/")[0] ?? "" });
    for (const key of ["big/1", "big/2", "big/3", "small/1"]) queue.add(key);
    deepEqual(await takeAll(queue), ["big/1", "small/1", "big/2", "big/3"]);
  });

  it("keeps the earlier of two delays, and brings a delayed key forward when it is added", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const queue = new WorkQueue();
    queue.addAfter("a", 100);
    queue.addAfter("a", 5000);
    queue.addAfter("b", 5000);
    queue.add("b");
    equal(queue.length, 1);
    t.mock.timers.tick(100);
    equal(queue.length, 2);
    mock.reset();
  });

  it("sends waiting workers home when it is closed, and takes no more keys", async () => {
    const queue = new WorkQueue();
    const next = queue.take();
    queue.close();
    equal(await next, undefined);
    queue.add("a");
    equal(queue.length, 0);
  });
});
