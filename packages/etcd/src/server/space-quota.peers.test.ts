import { deepEqual, match, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EtcdPeer, type EtcdctlResult, runEtcdctl } from "./etcd-peers.suite.ts";
import { OwnClient } from "./own-client.suite.ts";

const quotaBytes = 300_000;
const maxPuts = 100;

describe("the space quota, here and in etcd", () => {
  let own: OwnClient;
  let etcd: EtcdPeer;
  before(async () => {
    own = await OwnClient.open({ quotaBytes, limits: { quotaBytes } });
    etcd = await EtcdPeer.start(["--quota-backend-bytes", String(quotaBytes)]);
  });
  after(async () => {
    await own[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  /** Runs a command on both, and finds the same. */
  async function same(args: string, input?: string): Promise<EtcdctlResult> {
    const [ours, theirs] = await Promise.all(
      [own.url, etcd.url].map(async (url) => {
        const { code, output, errors } = await runEtcdctl(url, args.split(" "), input);
        return { code, output: withoutIds(output, url), errors: withoutIds(errors, url) };
      }),
    );
    if (!ours) throw new Error(`There is no answer to ${args}`);
    deepEqual(ours, theirs, args);
    return ours;
  }

  async function fill(url: string): Promise<number> {
    for (let puts = 1; puts <= maxPuts; puts++) {
      const { code, errors } = await runEtcdctl(url, ["put", "big"], "x".repeat(20_000));
      if (code === 0) continue;
      match(errors, /etcdserver: mvcc: database space exceeded/);
      return puts;
    }
    return Number.POSITIVE_INFINITY;
  }

  it("raises the alarm with the first write that is refused, and keeps it until it is disarmed", async () => {
    await same("put a 1");
    await same("alarm list");
    for (const url of [own.url, etcd.url]) ok((await fill(url)) <= maxPuts);
    await same("alarm list");
    await same("put a 2");
    await same("get a");
    await same("lease grant 100");
    await same("txn", 'value("a") = "1"\n\nput a 3\n\n\n');
    await same("txn", 'value("a") = "1"\n\nget a\n\n\n');
    await same("endpoint health");
    const [ours, theirs] = await Promise.all([own.url, etcd.url].map(readStatusErrors));
    deepEqual(ours, theirs);
    match((await same("del big")).output, /^1$/m);
    for (const url of [own.url, etcd.url]) await makeSpace(url);
    // There is space again, and nobody has disarmed it.
    await same("put a 4");
    await same("alarm disarm");
    await same("alarm list");
    await same("put a 5");
    await same("get a");
  });
});

async function makeSpace(url: string): Promise<void> {
  const { output } = await runEtcdctl(url, ["get", "a", "-w", "json"]);
  const { revision } = (JSON.parse(output) as { readonly header: { readonly revision: number } })
    .header;
  for (const args of [["compact", String(revision), "--physical"], ["defrag"]]) {
    ok((await runEtcdctl(url, args)).code === 0, args.join(" "));
  }
}

async function readStatusErrors(url: string): Promise<string> {
  const { output } = await runEtcdctl(url, ["endpoint", "status", "-w", "json"]);
  return withoutIds(/"errors":\[[^\]]*\]/.exec(output)?.[0] ?? "none", url);
}

function withoutIds(text: string, url: string): string {
  return text
    .replaceAll(url, "URL")
    .replaceAll(/memberID:\d+/g, "memberID:ID")
    .replaceAll(/took = [^ ]+/g, "took = TIME")
    .replaceAll(/took [^ ]+s\b/g, "took TIME");
}
