import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { EtcdPeer } from "../server/etcd-peers.suite.ts";
import { OwnClient } from "../server/own-client.suite.ts";
import { lockAndElect } from "./concurrency.suite.ts";

describe("v3lock and v3election", () => {
  it("lock and elect as etcd does", async () => {
    await using own = await OwnClient.open();
    await using etcd = await EtcdPeer.start();
    const [ours, theirs] = await Promise.all([own.url, etcd.url].map(lockAndElect));
    deepEqual(ours, theirs);
  });
});
