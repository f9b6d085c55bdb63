import { deepEqual, equal, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EtcdTestServer, hasEtcd } from "../etcd/etcd-server.suite.ts";
import { openEtcdStore } from "../etcd/open-etcd-store.ts";
import { openMemoryStore } from "../memory/open-memory-store.ts";
import { put } from "../store/mvcc-testing.suite.ts";
import { backupOf, fill, imageOf } from "./archive-testing.suite.ts";
import { digestStore } from "./digest-store.ts";
import { followStore } from "./follow-store.ts";
import { restoreThroughStore } from "./restore-through-store.ts";
import { verifyStore } from "./verify-store.ts";

describe("the archive on etcd", { skip: !hasEtcd() }, () => {
  let server: EtcdTestServer;
  before(async () => {
    server = await EtcdTestServer.start();
  });
  after(() => server[Symbol.asyncDispose]());

  it("takes a backup in and gives it back, also where something is there, beside other prefixes", async () => {
    await using from = await openMemoryStore();
    await using to = await openEtcdStore(`${server.url}?prefix=/a`);
    await using other = await openEtcdStore(`${server.url}?prefix=/b`);
    await put(other, "theirs", "v");
    await fill(from);
    await put(to, "old", "v");
    const backup = await backupOf(from);
    await rejects(
      restoreThroughStore(to, await imageOf(backup), { what: "etcd", whenNotEmpty: "refuse" }),
      /holds 1 keys/,
    );
    const options = { what: "etcd", whenNotEmpty: "replace" } as const;
    const outcome = await restoreThroughStore(to, await imageOf(backup), options);
    equal(outcome.replaced, 1);
    const expected = await digestStore(from, await from.headRevision());
    deepEqual(await digestStore(to, await to.headRevision()), expected);
    equal((await to.leases?.timeToLive(77))?.ttlSeconds, 600);
    equal((await other.range({ key: Buffer.from("theirs") })).count, 1);
    await using back = await openMemoryStore();
    await restoreThroughStore(back, await imageOf(await backupOf(to)), options);
    deepEqual(await digestStore(back, await back.headRevision()), expected);
  });

  it("finds nothing wrong, and follows it while it is written to", async () => {
    await using from = await openEtcdStore(`${server.url}?prefix=/c`);
    await using to = await openMemoryStore();
    // Leases are the whole cluster's, whatever the prefix.
    for (const { id } of (await from.leases?.list()) ?? []) await from.leases?.revoke(id);
    await fill(from);
    deepEqual((await verifyStore(from)).findings, []);
    const backup = await backupOf(from);
    const image = await imageOf(backup);
    await restoreThroughStore(to, image, { what: "memory", whenNotEmpty: "refuse" });
    const stop = new AbortController();
    const following = followStore({
      from,
      to,
      after: image.header.revision,
      stop: stop.signal,
      onProgress: ({ changes }) => changes >= 10 && stop.abort(),
    });
    for (let i = 0; i < 20; i++) await put(from, `k${i}`, "v");
    const last = await following;
    deepEqual(await digestStore(to, await to.headRevision()), await digestStore(from, last));
  });
});
