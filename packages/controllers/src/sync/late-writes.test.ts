import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { WriteResult } from "./dispatch.ts";
import { LateWrites } from "./late-writes.ts";

describe("LateWrites", () => {
  it("hands on what comes in time", async () => {
    const writes = new LateWrites(() => undefined);
    const write = { key: "a", member: "m", generation: 1 };
    deepEqual(await writes.waitFor(write, Promise.resolve({ kind: "removed" })), {
      kind: "removed",
    });
    equal(writes.isPending("a"), false);
  });

  it("lets go of a write that is late, and knows it as under way until it ends", async () => {
    const ended = Promise.withResolvers<string>();
    const answer = Promise.withResolvers<WriteResult>();
    const writes = new LateWrites(ended.resolve, 1);
    const write = { key: "a", member: "m", generation: 4 };
    equal((await writes.waitFor(write, answer.promise)).kind, "timedOut");
    deepEqual(
      [writes.isPending("a"), writes.isPending("a", "m"), writes.isPending("a", "n")],
      [true, true, false],
    );
    deepEqual([writes.isBehind("a", 4), writes.isBehind("a", 5)], [false, true]);
    answer.resolve({ kind: "removing" });
    equal(await ended.promise, "a");
    equal(writes.isPending("a"), false);
  });

  it("ends where the write is aborted", async () => {
    const ended = Promise.withResolvers<string>();
    const answer = Promise.withResolvers<WriteResult>();
    const writes = new LateWrites(ended.resolve, 1);
    const write = { key: "a", member: "m", generation: 1 };
    await writes.waitFor(write, answer.promise);
    answer.reject(new Error("stopping"));
    equal(await ended.promise, "a");
    equal(writes.isBehind("a", 2), false);
  });
});
