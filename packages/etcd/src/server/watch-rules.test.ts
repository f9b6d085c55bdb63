import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { OwnClient } from "./own-client.suite.ts";

const everything = { rangeEnd: Buffer.of(0) };

describe("Watch", () => {
  it("answers created first, and counts ids from 0", async () => {
    await using client = await OwnClient.open();
    const stream = client.watch();
    stream.create("a");
    stream.create("b");
    deepEqual([await stream.next(), await stream.next()], ["0@1 created", "1@1 created"]);
    await client.put("b", "1");
    equal(await stream.next(), "1@2 +b=1");
    stream.close();
  });

  it("takes an id that is given, and refuses one that is taken", async () => {
    await using client = await OwnClient.open();
    const stream = client.watch();
    for (let i = 0; i < 2; i++) stream.create("a", { watchId: 7 });
    equal(await stream.next(), "7@1 created");
    const reason = "mvcc: duplicate watch ID provided on the WatchStream";
    equal(await stream.next(), `-1@1 created canceled ${reason}`);
    stream.close();
  });

  it("refuses an empty range and a negative revision in etcd's words", async () => {
    await using client = await OwnClient.open();
    const stream = client.watch();
    stream.create("b", { rangeEnd: Buffer.from("a") });
    equal(await stream.next(), "-1@1 created canceled mvcc: watcher range is empty");
    stream.create("k".repeat(2000));
    equal(await stream.next(), "-1@1 created canceled etcdserver: request is too large");
    stream.create("b", { startRevision: -1 });
    equal(
      await stream.next(),
      "-1@1 created canceled etcdserver: mvcc: required revision has been compacted",
    );
    stream.close();
  });

  it("tells a compacted start after created, with the revision to go on from", async () => {
    await using client = await OwnClient.open();
    for (const value of ["1", "2", "3"]) await client.put("a", value);
    await client.store.compact(4);
    const stream = client.watch();
    stream.create("a", { startRevision: 3 });
    equal(await stream.next(), "0@4 created");
    equal(await stream.next(), "0@0 canceled compacted=4");
    stream.create("a", { startRevision: 4 });
    equal(await stream.next(), "1@4 created");
    equal(await stream.next(), "1@4 +a=3");
    stream.close();
  });

  it("gives previous values, and filters puts or deletes", async () => {
    await using client = await OwnClient.open();
    const stream = client.watch();
    stream.create("", { ...everything, prevKv: true });
    stream.create("", { ...everything, filters: [0] });
    stream.create("", { ...everything, filters: [1] });
    for (let i = 0; i < 3; i++) await stream.next();
    await client.put("a", "1");
    const puts = [await stream.next(), await stream.next()];
    deepEqual(puts.sort(), ["0@2 +a=1", "2@2 +a=1"]);
    const remove = { kind: "delete", key: Buffer.from("a") } as const;
    await client.store.txn({ compare: [], success: [remove], failure: [] });
    const deletes = [await stream.next(), await stream.next()];
    deepEqual(deletes.sort(), ["0@3 -a(1)", "1@3 -a"]);
    stream.close();
  });

  it("answers the cancelling of a watch that there is, and of no other", async () => {
    await using client = await OwnClient.open();
    const stream = client.watch();
    stream.create("a");
    stream.cancel(9);
    stream.cancel(0);
    stream.create("a");
    equal(await stream.next(), "0@1 created");
    equal(await stream.next(), "0@1 canceled");
    equal(await stream.next(), "1@1 created");
    stream.close();
  });

  it("tells progress of the whole stream as -1, after all events", async () => {
    await using client = await OwnClient.open();
    const stream = client.watch();
    stream.askProgress();
    equal(await stream.next(), "-1@1");
    stream.create("a", { startRevision: 2 });
    stream.create("b");
    for (let i = 0; i < 2; i++) await stream.next();
    await client.put("a", "1");
    await client.put("c", "1");
    stream.askProgress();
    equal(await stream.next(), "0@2 +a=1");
    equal(await stream.next(), "-1@3");
    stream.close();
  });

  it("tells no progress while a watch starts in the future", async () => {
    await using client = await OwnClient.open();
    const stream = client.watch();
    stream.create("a", { startRevision: 9 });
    equal(await stream.next(), "0@1 created");
    stream.askProgress();
    stream.create("b");
    equal(await stream.next(), "1@1 created");
    stream.cancel(0);
    equal(await stream.next(), "0@1 canceled");
    equal(await stream.next(), "-1@1");
    stream.close();
  });

  it("notifies idle watches that asked for it", async () => {
    await using client = await OwnClient.open({ progressNotifyIntervalMs: 20 });
    const stream = client.watch();
    stream.create("a", { progressNotify: true });
    stream.create("b");
    for (let i = 0; i < 2; i++) await stream.next();
    await client.put("c", "1");
    let text = await stream.next();
    while (text === "0@1") text = await stream.next();
    equal(text, "0@2");
    stream.close();
  });

  it("splits what is too long for one message only where asked", async () => {
    await using client = await OwnClient.open();
    const value = Buffer.alloc(1.2 * 2 ** 20, 120);
    const puts = ["a", "b", "c"].map(
      (key) => ({ kind: "put", key: Buffer.from(key), value }) as const,
    );
    await client.store.txn({ compare: [], success: puts, failure: [] });
    const stream = client.watch();
    stream.create("", { ...everything, startRevision: 2, fragment: true });
    await stream.next();
    const parts = [await stream.read(), await stream.read(), await stream.read()];
    deepEqual(
      parts.map(({ fragment, events }) => [fragment, events.length]),
      [
        [true, 1],
        [true, 1],
        [false, 1],
      ],
    );
    stream.create("", { ...everything, startRevision: 2 });
    await stream.next();
    const whole = await stream.read();
    deepEqual([whole.fragment, whole.events.length], [false, 3]);
    stream.close();
  });

  it("gives a client that reads late everything, in order", async () => {
    await using client = await OwnClient.open({ ring: { maxChanges: 10, maxBytes: 10_000 } });
    const stream = client.watch();
    stream.create("", everything);
    await stream.next();
    const value = "x".repeat(100_000);
    for (let i = 0; i < 100; i++) await client.put(`k${i}`, value);
    const revisions: number[] = [];
    while (revisions.length < 100) {
      const { events } = await stream.read();
      for (const { kv } of events) revisions.push(kv?.modRevision ?? 0);
    }
    deepEqual(
      revisions,
      Array.from({ length: 100 }, (_, i) => i + 2),
    );
    stream.close();
  });

  it("ends with a status when the store is closed, and well when the client is done", async () => {
    await using client = await OwnClient.open();
    const done = client.watch();
    done.create("a");
    await done.next();
    done.end();
    await rejects(done.read(), { message: "The stream has ended" });
    const stream = client.watch();
    stream.create("a");
    ok(await stream.next());
    await client.store[Symbol.asyncDispose]();
    await rejects(stream.read(), { status: "UNAVAILABLE", message: "etcdserver: no leader" });
  });
});
