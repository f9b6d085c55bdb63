import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore, UnavailableError } from "@cellplane/kv";
import { LeaderMonitor, wantsLeader } from "./leader-monitor.ts";

describe("LeaderMonitor", () => {
  it("tells once the store has not answered some times in a row, and those who come then at once", async () => {
    await using store = await openMemoryStore();
    let isAway = false;
    const answer = store.headRevision.bind(store);
    store.headRevision = () => (isAway ? Promise.reject(new UnavailableError("away")) : answer());
    const monitor = new LeaderMonitor(store, 5);
    const told: string[] = [];
    const lost = new Promise<void>((resolve) => {
      monitor.watch(() => {
        told.push("first");
        resolve();
      });
    });
    const leave = monitor.watch(() => told.push("second"));
    leave();
    isAway = true;
    await lost;
    equal(told.join(), "first");
    monitor.watch(() => told.push("third"));
    equal(told.join(), "first,third");
  });

  it("takes a store that never answers for one that is away", async () => {
    await using store = await openMemoryStore();
    store.headRevision = () => new Promise(() => undefined);
    const monitor = new LeaderMonitor(store, 5);
    await new Promise<void>((resolve) => {
      monitor.watch(resolve);
    });
  });
});

describe("wantsLeader()", () => {
  it("reads etcd's metadata", () => {
    equal(wantsLeader({ hasleader: "true" }), true);
    equal(wantsLeader({}), false);
  });
});
