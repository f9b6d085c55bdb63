import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreMonitor } from "./store-monitor.ts";

/** A store whose answers the test gives one by one. */
class AskedStore {
  #questions: PromiseWithResolvers<number>[] = [];
  #asked = Promise.withResolvers<PromiseWithResolvers<number>>();

  headRevision(): Promise<number> {
    const question = Promise.withResolvers<number>();
    this.#questions.push(question);
    this.#asked.resolve(question);
    return question.promise;
  }

  /** The next question, as soon as it is put. */
  async next(): Promise<PromiseWithResolvers<number>> {
    const question = await this.#asked.promise;
    this.#asked = Promise.withResolvers();
    this.#questions = [];
    return question;
  }
}

describe("StoreMonitor", () => {
  it("tells once that the store is away, how old is what is known, and that it is back", async () => {
    const store = new AskedStore();
    const told: string[] = [];
    let nowMs = 1000;
    await using monitor = new StoreMonitor(store, {
      intervalMs: 1,
      clockMs: () => nowMs,
      events: {
        onAway: ({ message }) => told.push(`away: ${message}`),
        onBack: (awayMs) => told.push(`back after ${awayMs}`),
      },
    });
    (await store.next()).resolve(7);
    const second = await store.next();
    equal(monitor.failure, undefined);
    equal(monitor.staleMs, undefined);
    nowMs = 1500;
    second.reject(new Error("cut"));
    (await store.next()).reject(new Error("still cut"));
    const fourth = await store.next();
    match(String(monitor.failure), /still cut/);
    equal(monitor.staleMs, 500);
    nowMs = 9000;
    fourth.reject(new Error("still cut"));
    (await store.next()).resolve(8);
    await store.next();
    equal(monitor.staleMs, undefined);
    deepEqual(told, ["away: cut", "back after 8000"]);
  });

  it("counts a store that does not answer as away", async () => {
    const store = new AskedStore();
    let nowMs = 0;
    await using monitor = new StoreMonitor(store, { intervalMs: 1, clockMs: () => nowMs });
    (await store.next()).resolve(7);
    await store.next();
    nowMs = 3001;
    match(String(monitor.failure), /does not answer/);
    equal(monitor.staleMs, 3001);
  });

  it("does not ask a store that knows its head itself", async () => {
    let asked = 0;
    const store = {
      headRevision: () => {
        asked += 1;
        return 1;
      },
    };
    await using monitor = new StoreMonitor(store, { intervalMs: 1, clockMs: () => asked * 10_000 });
    await new Promise((resolve) => setImmediate(resolve));
    equal(asked, 1);
    equal(monitor.failure, undefined);
    equal(monitor.staleMs, undefined);
  });
});
