import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore } from "@cellplane/kv";
import { ObjectStorage } from "../storage/object-storage.ts";
import { HeldGuards, WriteGuards } from "./write-guards.ts";

const feed = { waitFor: async (): Promise<void> => undefined };
const signal = new AbortController().signal;

describe("WriteGuards", () => {
  it("loses a write that was decided before another server wrote under the same guard", async () => {
    await using store = await openMemoryStore();
    const storage = new ObjectStorage(store);
    const [ours, theirs] = [0, 1].map(
      () => new HeldGuards(new WriteGuards(store, feed), () => signal),
    );
    await ours?.hold(["quota"]);
    await theirs?.hold(["quota"]);
    const write = (key: string, held: HeldGuards | undefined) =>
      storage.put(key, Buffer.from("{}"), { expect: 0, signal, guards: held?.all ?? [] });
    equal((await write("/registry/a", theirs)).kind, "written");
    deepEqual(await write("/registry/b", ours), { kind: "lost", current: undefined });
    ours?.release();
    await ours?.hold(["quota"]);
    equal((await write("/registry/b", ours)).kind, "written");
  });

  it("lets writes of one server pass one after the other, and those that give up out of the way", async () => {
    await using store = await openMemoryStore();
    const guards = new WriteGuards(store, feed);
    const first = await guards.enter("a", signal);
    const order: string[] = [];
    const aborted = AbortSignal.abort(new Error("gone"));
    const second = rejects(guards.enter("a", aborted), /gone/);
    const third = guards.enter("a", signal).then((guard) => {
      order.push("third");
      guard[Symbol.dispose]();
    });
    (await guards.enter("b", signal))[Symbol.dispose]();
    order.push("first");
    first[Symbol.dispose]();
    await Promise.all([second, third]);
    deepEqual(order, ["first", "third"]);
  });
});
