import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EtcdPeer, type EtcdctlResult, runEtcdctl, runEtcdctlUntil } from "./etcd-peers.suite.ts";
import { OwnClient } from "./own-client.suite.ts";

describe("etcdctl's rarer options against the facade and against etcd", () => {
  let own: OwnClient;
  let etcd: EtcdPeer;
  before(async () => {
    [own, etcd] = await Promise.all([OwnClient.open(), EtcdPeer.start()]);
  });
  after(async () => {
    await own[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  /** Does something with both, and finds the same. */
  async function sameOf<T>(what: string, run: (url: string) => Promise<T>): Promise<T> {
    const [ours, theirs] = await Promise.all([own.url, etcd.url].map(run));
    deepEqual(ours, theirs, what);
    if (ours === undefined) throw new Error(`There is nothing of ${what}`);
    return ours;
  }

  async function same(...commands: readonly string[]): Promise<readonly EtcdctlResult[]> {
    const results: EtcdctlResult[] = [];
    for (const command of commands) {
      results.push(
        await sameOf(command, async (url) => {
          const { code, output, errors } = await runEtcdctl(url, command.split(" "));
          return { code, output: withoutIds(output), errors: withoutIds(errors) };
        }),
      );
    }
    return results;
  }

  it("ranges by each order, limit and revision", async () => {
    for (const [key, value] of ["b 3", "a 2", "d 1", "c 2"].map((text) => text.split(" "))) {
      await same(`put s/${key} ${value}`);
    }
    await same("put s/a 5", "put s/d 4", "put s/d 3");
    for (const target of ["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"]) {
      for (const order of ["ASCEND", "DESCEND"]) {
        await same(
          `get s/ --prefix --sort-by ${target} --order ${order} -w json`,
          `get s/ --prefix --sort-by ${target} --order ${order} --limit 2 -w json`,
        );
      }
    }
    await same(
      "get s/ --prefix --rev 5 -w json",
      "get s/ --prefix --rev 5 --limit 2 --keys-only -w json",
      "get s/ --prefix --rev 5 --count-only -w json",
      "get s/b s/d -w json",
      "get s/b --from-key -w fields",
      "get s/a --rev -1 -w json",
    );
  });

  it("deletes ranges, and tells what was there", async () => {
    await same(
      "put d/1 a",
      "put d/2 b",
      "put d/3 c",
      "del d/1 d/3 --prev-kv -w json",
      "put zz 1",
      "del z --from-key --prev-kv -w json",
      "del d/ --prefix",
    );
  });

  it("watches as changes come, with previous values, and tells progress", async () => {
    await same("put w/a 1");
    const watches = ["w/ --prefix --prev-kv", "w/a w/b", "w/ --prefix -w json"];
    for (const [i, args] of watches.entries()) {
      const told = await sameOf(args, async (url) => {
        const { revision } = await headOf(url);
        return withoutIds(
          await runEtcdctlUntil(url, `watch ${args} --rev ${revision + 1}`.split(" "), {
            isDone: (output) => /delete/i.test(output) || output.includes('"type":1'),
            whileRunning: async () => {
              await runEtcdctl(url, ["put", "w/a", `${i}`]);
              await runEtcdctl(url, ["txn"], `\n\nput w/a 7\nput w/c 8\n\n\n`);
              await runEtcdctl(url, ["del", "w/a"]);
            },
          }),
        );
      });
      ok(told.includes("w/a") || told.includes(Buffer.from("w/a").toString("base64")), told);
    }
    const progress = await sameOf("progress", (url) =>
      runEtcdctlUntil(url, ["watch", "-i"], {
        input: "watch w/a\nprogress\n",
        isDone: (output) => output.includes("progress"),
      }),
    );
    ok(progress.startsWith("progress notify: "), progress);
  });

  it("lists leases, and the keys of one", async () => {
    await sameOf("leases", async (url) => {
      const granted = await runEtcdctl(url, ["lease", "grant", "500"]);
      const id = /^lease ([0-9a-f]+) granted/.exec(granted.output)?.[1] ?? "";
      // One key, for etcd tells several in any order.
      await runEtcdctl(url, ["put", "leased/a", "1", "--lease", id]);
      const told = [
        await runEtcdctl(url, ["lease", "list"]),
        await runEtcdctl(url, ["lease", "timetolive", id, "--keys"]),
        await runEtcdctl(url, ["get", "leased/", "--prefix", "-w", "json"]),
        await runEtcdctl(url, ["lease", "revoke", id]),
        await runEtcdctl(url, ["lease", "list"]),
      ];
      return told.map(({ code, output }) => {
        const named = output.replaceAll(id, "LEASE").replaceAll(/"lease":\d+/g, '"lease":0');
        return [code, withoutIds(named).replace(/remaining\(\d+s\)/, "remaining")];
      });
    });
  });

  it("elects, and refuses what one member cannot do", async () => {
    await sameOf("elect", async (url) => {
      const output = await runEtcdctlUntil(url, ["elect", "office", "me"], {
        isDone: (text) => text.includes("me\n"),
      });
      return output.replace(/office\/[0-9a-f]+/, "office/LEASE");
    });
    await same("member remove 12", "member promote 12");
  });

  it("compacts and waits for it, and mirrors", async () => {
    await same("put s/d 1", "put s/d 2");
    const { revision } = await headOf(own.url);
    equal(revision, (await headOf(etcd.url)).revision);
    await same(`compact ${revision} --physical`, "get s/ --prefix --rev 2");
    await using mirror = await OwnClient.open();
    const destination = mirror.url.replace("http://", "");
    const args = ["make-mirror", "--prefix", "s/", destination];
    await runEtcdctlUntil(own.url, args, {
      isDone: () => false,
      until: async () => (await mirror.range({ key: Buffer.from("s/d") })).count === 1,
    });
    const everything = { key: Buffer.from("s/"), rangeEnd: Buffer.from("s0") };
    const pairs = async (client: OwnClient): Promise<readonly string[]> =>
      (await client.range(everything)).kvs.map(
        ({ key, value }) => `${String(key)}=${String(value)}`,
      );
    deepEqual(await pairs(mirror), await pairs(own));
  });
});

async function headOf(url: string): Promise<{ readonly revision: number }> {
  const { output } = await runEtcdctl(url, ["get", "none", "-w", "json"]);
  return (JSON.parse(output) as { readonly header: { readonly revision: number } }).header;
}

/** Ids are each server's own. */
function withoutIds(text: string): string {
  return text
    .replaceAll(/"(cluster_id|member_id|raft_term)":\d+/g, '"$1":0')
    .replaceAll(/"(ClusterID|MemberID|RaftTerm)" : \d+/g, '"$1" : 0');
}
