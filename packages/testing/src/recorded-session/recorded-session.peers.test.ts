import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { EtcdPeer } from "../../../etcd/src/server/etcd-peers.suite.ts";
import { countAnswers, readRecordedSession } from "./recorded-session.suite.ts";
import { replaySession } from "./replay-session.ts";

describe("a recorded session of kube-apiserver", () => {
  const lines = readRecordedSession();

  it("is answered alike by another etcd, so the comparison is fair", async () => {
    await using etcd = await EtcdPeer.start();
    const { equal: count, differences } = await replaySession(lines, etcd.url);
    deepEqual(differences, []);
    equal(count, countAnswers(lines));
  });
});
