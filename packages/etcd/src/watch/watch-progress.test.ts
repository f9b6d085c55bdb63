import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { type ProgressSource, WatchProgress } from "./watch-progress.ts";

describe("WatchProgress", () => {
  const source = (): ProgressSource => ({ requestProgress: () => undefined });

  it("tells the least of what all have reached, once", () => {
    const told: number[] = [];
    const progress = new WatchProgress((revision) => told.push(revision));
    const [a, b] = [source(), source()];
    progress.ask([a, b]);
    progress.reached(a, 9);
    deepEqual(told, []);
    progress.reached(b, 7);
    progress.reached(b, 8);
    deepEqual(told, [7]);
  });

  it("waits for one that joined meanwhile, and no longer for one that left", () => {
    const told: number[] = [];
    const progress = new WatchProgress((revision) => told.push(revision));
    const [a, b, c] = [source(), source(), source()];
    progress.ask([a, b]);
    progress.reached(a, 5);
    progress.join(c);
    progress.leave(b);
    deepEqual(told, []);
    progress.reached(c, 6);
    deepEqual(told, [5]);
  });

  it("begins anew when it is asked again", () => {
    const told: number[] = [];
    const progress = new WatchProgress((revision) => told.push(revision));
    const [a, b] = [source(), source()];
    progress.ask([a, b]);
    progress.reached(a, 5);
    progress.ask([a, b]);
    progress.reached(b, 8);
    progress.reached(a, 8);
    deepEqual(told, [8]);
  });

  it("is silent when all have left", () => {
    const told: number[] = [];
    const progress = new WatchProgress((revision) => told.push(revision));
    const a = source();
    progress.ask([a]);
    progress.leave(a);
    deepEqual(told, []);
  });
});
