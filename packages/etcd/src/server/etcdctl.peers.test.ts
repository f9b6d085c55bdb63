import { deepEqual, equal, match } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Etcd3 } from "etcd3";
import { EtcdPeer, type EtcdctlResult, runEtcdctl } from "./etcd-peers.suite.ts";
import { OwnClient } from "./own-client.suite.ts";

/** A command, with what it is told at its standard input; `LEASE` stands for the newest lease. */
type Step = string | { readonly args: readonly string[]; readonly input?: string };

describe("etcdctl against the facade and against etcd", () => {
  let own: OwnClient;
  let etcd: EtcdPeer;
  const folder = mkdtempSync(join(tmpdir(), "cellplane-etcdctl-"));
  before(async () => {
    [own, etcd] = await Promise.all([OwnClient.open(), EtcdPeer.start()]);
  });
  after(async () => {
    await own[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** Runs the steps on both, and finds the same at each. Revisions must agree, so both start alike. */
  async function same(...steps: readonly Step[]): Promise<readonly EtcdctlResult[]> {
    const results: EtcdctlResult[] = [];
    const leases = new Map<string, string>();
    for (const step of steps) {
      const [ours, theirs] = await Promise.all(
        [own.url, etcd.url].map((url) => runStep(url, step, leases)),
      );
      deepEqual(ours, theirs, `at ${JSON.stringify(step)}`);
      if (ours) results.push(ours);
    }
    return results;
  }

  it("puts, reads and deletes", async () => {
    await same(
      "put a 1",
      "put a 2 --prev-kv",
      "put b 1",
      "put c/1 x",
      "put c/2 y",
      "get a -w json",
      "get a b -w json",
      "get c/ --prefix",
      "get c/ --prefix --keys-only",
      "get c/ --prefix --count-only -w fields",
      "get --from-key b --limit 2 -w json",
      "get a --rev 2 -w json",
      "get c/ --prefix --sort-by VALUE --order DESCEND",
      "get a c --sort-by MODIFY --order DESCEND -w json",
      "get a --print-value-only",
      "get a --consistency=s",
      "get nothing -w json",
      { args: ["put", "a"], input: "from standard input" },
      "put a --ignore-value",
      "put missing --ignore-value",
      "put missing x --ignore-lease",
      "del nothing",
      "del b --prev-kv",
      "del c/ --prefix -w json",
      "get a --rev 999",
      "get a --rev 1",
      { args: ["put", "", "x"] },
      { args: ["get", ""] },
      "get b",
    );
  });

  it("runs transactions", async () => {
    const txn = (input: string): Step => ({ args: ["txn", "-w", "json"], input });
    await same(
      txn('mod("a") > "0"\n\nput a 7\nget a\n\nget b\n\n'),
      txn('value("a") = "8"\n\nput a 9\n\nget a\nput else 1\n\n'),
      txn('ver("new") = "0"\nc("new") = "0"\n\nput new 1\ndel else\n\n\n'),
      txn("\n\nput twice 1\nput twice 2\n\n\n"),
      txn("\n\nget a\n\n\n"),
      "get --prefix new -w json",
    );
  });

  it("watches from a revision, and is told of what is compacted", async () => {
    // The client ends when it was cancelled, or when the process that it runs has seen an event.
    const watchOnce = (args: string): Promise<readonly EtcdctlResult[]> => same(`watch ${args}`);
    await same("put w 1", "put w 2", "del w");
    const head = await own.store.headRevision();
    await same(`compact ${head - 1}`, `compact ${head - 1}`, "compact 99999");
    await watchOnce("w --rev 2");
    await watchOnce("b a");
    await same(`get w --rev ${head - 1} -w json`, `get w --rev ${head - 2}`);
  });

  it("grants, keeps and revokes leases", async () => {
    await same(
      "lease grant 1",
      "lease grant 100",
      "put l/2 v --lease LEASE",
      "put l/1 v --lease LEASE",
      "get l/ --prefix",
      "lease keep-alive --once LEASE",
      "lease revoke LEASE",
      "get l/ --prefix -w json",
      "lease revoke LEASE",
      "lease timetolive LEASE",
      "lease keep-alive --once LEASE",
      "put l/3 v --lease LEASE",
      "lease grant 9000000001",
    );
  });

  it("locks and elects", async () => {
    await same("lock somewhere echo locked", "get somewhere --prefix");
  });

  it("looks after the server", async () => {
    await same(
      "alarm list",
      "alarm disarm",
      "auth status",
      "user list",
      "role list",
      "move-leader 1",
    );
    for (const args of [["endpoint", "health"], ["endpoint", "hashkv"], ["defrag"]]) {
      equal((await runEtcdctl(own.url, args)).code, 0, args.join(" "));
    }
    const status = await runEtcdctl(own.url, ["endpoint", "status", "-w", "json"]);
    match(status.output, /"version":"3\.6\.\d+"/);
    const members = await runEtcdctl(own.url, ["member", "list"]);
    match(members.output, /^[0-9a-f]+, started, cellplane, , http:\/\/me, false$/m);
  });

  it("saves a snapshot that has the keys", async () => {
    const file = join(folder, "snapshot");
    equal((await runEtcdctl(own.url, ["put", "in-snapshot", "value-in-it"])).code, 0);
    equal((await runEtcdctl(own.url, ["snapshot", "save", file])).code, 0);
    match(readFileSync(file, "latin1"), /in-snapshot.*value-in-it/s);
  });

  it("serves the npm client etcd3 as etcd does", async () => {
    const [ours, theirs] = await Promise.all([own.url, etcd.url].map(useEtcd3));
    deepEqual(ours, theirs);
    equal(ours?.at(-1), "watched x=1,x=2");
  });
});

async function runStep(
  url: string,
  step: Step,
  leases: Map<string, string>,
): Promise<EtcdctlResult> {
  const { args, input = "" } = typeof step === "string" ? { args: step.split(" ") } : step;
  const lease = leases.get(url) ?? "none";
  const given = args.map((arg) => (arg === "LEASE" ? lease : arg));
  const result = await runEtcdctl(url, given, input);
  const granted = /^lease ([0-9a-f]+) granted/.exec(result.output)?.[1];
  if (granted !== undefined) leases.set(url, granted);
  return { ...result, output: normalise(result.output), errors: normalise(result.errors) };
}

/** Ids are each server's own. */
function normalise(text: string): string {
  return text
    .replaceAll(/"(cluster_id|member_id)":\d+/g, '"$1":0')
    .replaceAll(/"(ClusterID|MemberID|RaftTerm)" : \d+/g, '"$1" : 0')
    .replaceAll(/"raft_term":\d+/g, '"raft_term":0')
    .replaceAll(/\b[0-9a-f]{12,16}\b/g, "ID");
}

async function useEtcd3(hosts: string): Promise<readonly string[]> {
  const told: string[] = [];
  const client = new Etcd3({ hosts });
  try {
    const space = client.namespace("npm/");
    await space.put("a").value("1");
    told.push(`get ${await space.get("a").string()}`);
    told.push(`all ${JSON.stringify(await space.getAll().strings())}`);
    const lost = await space.if("a", "Value", "==", "2").then(space.put("a").value("3")).commit();
    told.push(`lost ${lost.succeeded}`);
    const lease = space.lease(60);
    await lease.put("leased").value("v");
    await lease.revoke();
    told.push(`leased ${await space.get("leased").string()}`);
    const watcher = await space.watch().key("x").create();
    const seen: string[] = [];
    const both = new Promise<void>((resolve) => {
      watcher.on("put", ({ key, value }) => {
        seen.push(`${key.toString()}=${value.toString()}`);
        if (seen.length === 2) resolve();
      });
    });
    await space.put("x").value("1");
    await space.put("x").value("2");
    await both;
    await watcher.cancel();
    told.push(`watched ${seen.join()}`);
  } finally {
    client.close();
  }
  return told;
}
