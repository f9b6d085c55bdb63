import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { makeAuthority, makeCertificate } from "../mysql/tls-certificates.suite.ts";
import { k, put, putAll, RecordingWatch, run, textOf } from "../store/mvcc-testing.suite.ts";
import { EtcdTestServer, type EtcdServerSettings, hasEtcd } from "./etcd-server.suite.ts";
import { openEtcdStore } from "./open-etcd-store.ts";

const everything = { key: k("\0"), end: k("\0") };
const folder = mkdtempSync(join(tmpdir(), "cellplane-kv-etcd-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs `etcdctl` on a server, once it answers. */
function etcdctl(server: EtcdTestServer, ...args: readonly string[]): string {
  const peers = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
  const all = ["--endpoints", `http://127.0.0.1:${server.port}`, "--dial-timeout", "20s", ...args];
  return execFileSync(join(peers, "bin", "etcdctl"), all, { stdio: "pipe" }).toString();
}

/** Waits until this process has closed all of its connections, those that TLS refused among them. */
async function noSocketIsLeft(): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (process.getActiveResourcesInfo().includes("TCPSocketWrap")) {
    ok(performance.now() < deadline, "a socket stays open");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("openEtcdStore()", { skip: !hasEtcd() && "etcd is not installed" }, () => {
  const servers: EtcdTestServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  });
  const start = async (settings?: EtcdServerSettings): Promise<EtcdTestServer> => {
    const server = await EtcdTestServer.start(settings);
    servers.push(server);
    return server;
  };

  it("speaks TLS, shows its certificate, and checks etcd's", async () => {
    makeAuthority(folder, "ca");
    makeAuthority(folder, "other");
    makeCertificate(folder, { name: "server", authority: "ca", names: "IP:127.0.0.1" });
    makeCertificate(folder, { name: "client", authority: "ca" });
    const file = (name: string): string => join(folder, `${name}.pem`);
    const server = await start({
      scheme: "https",
      args: [
        ["--cert-file", file("server"), "--key-file", file("server-key")],
        ["--client-cert-auth", "--trusted-ca-file", file("ca")],
      ].flat(),
    });
    const client = `ssl-cert=${file("client")}&ssl-key=${file("client-key")}`;
    {
      await using store = await openEtcdStore(`${server.url}?ssl-ca=${file("ca")}&${client}`);
      const watch = new RecordingWatch(store, everything);
      await put(store, "a", "1");
      equal(watch.text, "+a=1@2");
    }
    await rejects(openEtcdStore(`${server.url}?ssl-ca=${file("other")}&${client}`), {
      name: "UnavailableError",
      message:
        /Cannot reach etcd: Cannot connect to https:.*(unable to verify|self-signed|certificate)/,
    });
    await rejects(openEtcdStore(`${server.url}?ssl-ca=${file("ca")}`), {
      name: "UnavailableError",
    });
    await noSocketIsLeft();
  });

  it("signs in where the cluster has users, and says what is wrong without the password", async () => {
    const server = await start();
    etcdctl(server, "user", "add", "root:top-secret");
    etcdctl(server, "user", "grant-role", "root", "root");
    etcdctl(server, "user", "add", "tenant:its-secret");
    etcdctl(server, "role", "add", "tenant");
    etcdctl(server, "role", "grant-permission", "--prefix", "tenant", "readwrite", "/p/");
    etcdctl(server, "user", "grant-role", "tenant", "tenant");
    etcdctl(server, "auth", "enable");
    const url = server.url.replace("//", "//root@");
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, "top-secret\n");
    {
      await using store = await openEtcdStore(`${url}?password-file=${passwordFile}`);
      const watch = new RecordingWatch(store, everything);
      await put(store, "a", "1");
      equal(watch.text, "+a=1@2");
      const lease = await store.leases?.grant({ id: 0, ttlSeconds: 60 });
      deepEqual(await store.leases?.keepAlive(lease?.id ?? 0), lease);
      // Tokens are lost with the process.
      await server.kill();
      server.restart();
      await store.range({ key: k("a") });
      await put(store, "a", "2");
      await watch.until(({ events }) => events.length === 2);
    }
    {
      const tenant = server.url.replace("//", "//tenant:its-secret@");
      await using store = await openEtcdStore(`${tenant}?prefix=/p`);
      const watch = new RecordingWatch(store, { ...everything, previous: true });
      await putAll(store, ["a", "a"]);
      // That is root's, as is a member's state.
      await rejects(store.compact(5), /refuses: .*permission denied/);
      etcdctl(server, "--user", "root:top-secret", "compact", "5");
      equal(watch.text, "+a=a3@4 +a=a4@5(was a3)");
      equal((await store.status()).compacted, 5);
      await rejects(openEtcdStore(`${tenant}?prefix=/q`), /refuses: .*permission denied/);
    }
    const environment = { CELLPLANE_DATASTORE_PASSWORD: "wrong-secret" };
    await rejects(openEtcdStore(url, { environment }), (error: Error) => {
      ok(/refuses: .*authentication failed/.test(error.message), error.message);
      return !error.message.includes("wrong-secret");
    });
    await rejects(openEtcdStore(server.url), /refuses: .*user name is empty/);
  });

  it("keeps to its prefix, and shares the cluster's revisions", async () => {
    const server = await start();
    await using one = await openEtcdStore(`${server.url}?prefix=/p`);
    await using two = await openEtcdStore(`${server.url}?prefix=/pq`);
    await using all = await openEtcdStore(server.url);
    const watch = new RecordingWatch(one, { ...everything, previous: true });
    const watchAll = new RecordingWatch(all, everything);
    await putAll(two, ["a", "b"]);
    await putAll(one, ["a", "b"]);
    await putAll(all, ["a", "/p", "/p0"]);
    const last = { kind: "delete" as const, ...everything };
    const { results } = await run(one, last);
    deepEqual(results, [{ kind: "delete", deleted: 2, previous: [] }]);
    equal(watch.text, "+a=a3@4 +b=b4@5 -a@9(was a3) -b@9(was b4)");
    equal(textOf((await two.range(everything)).kvs), "a b");
    equal(textOf((await all.range(everything)).kvs), "/p /p0 /pq/a /pq/b a");
    await watchAll.until(({ events }) => events.length === 9);
    equal(watchAll.events[2]?.kv.key.toString(), "/p/a");
  });

  it("reads keys that are longer than its own may be, and leases whose ids are larger", async () => {
    const server = await start();
    await using store = await openEtcdStore(server.url);
    const granted = /lease (\w+) granted/.exec(etcdctl(server, "lease", "grant", "600"))?.[1] ?? "";
    ok(BigInt(`0x${granted}`) > BigInt(Number.MAX_SAFE_INTEGER));
    const watch = new RecordingWatch(store, everything);
    const long = "x".repeat(1500);
    etcdctl(server, "put", "--lease", granted, long, "v");
    await watch.until(({ events }) => events.length === 1);
    const [kv] = (await store.range(everything)).kvs;
    equal(kv?.key.toString(), long);
    const id = kv?.lease ?? 0;
    ok(Number.isSafeInteger(id) && id > 0);
    equal(watch.events[0]?.kv.lease, id);
    deepEqual(await store.leases?.list(), [{ id, ttlSeconds: 600 }]);
    await put(store, "mine", "v");
    await run(store, { kind: "put", key: k("mine"), value: k("w"), lease: id });
    const compare = { key: k("mine"), target: "lease", result: "equal", operand: id } as const;
    equal((await store.txn({ compare: [compare], success: [], failure: [] })).succeeded, true);
    deepEqual((await store.leases?.timeToLive(id))?.keys, [k("mine"), k(long)]);
    await store.leases?.revoke(id);
    equal((await store.range(everything)).count, 0);
    deepEqual(etcdctl(server, "lease", "list").trim(), "found 0 leases");
  });

  it("refuses what is too large for the cluster", async () => {
    const server = await start();
    await using store = await openEtcdStore(server.url);
    for (const length of [1.6, 2.5]) {
      const value = Buffer.alloc(length * 1024 * 1024);
      const large = run(store, { kind: "put", key: k("a"), value });
      await rejects(large, { name: "InvalidRequestError", reason: "tooLarge" });
    }
    equal(await store.headRevision(), 1);
  });

  it("hands over a transaction that etcd has to tell in parts as one batch", async () => {
    const server = await start({ args: ["--max-request-bytes", `${16 * 1024 * 1024}`] });
    await using store = await openEtcdStore(server.url);
    const watch = new RecordingWatch(store, { ...everything, previous: true });
    const value = Buffer.alloc(2 * 1024 * 1024, "x");
    const puts = Array.from({ length: 5 }, (_, i) => ({
      kind: "put" as const,
      key: k(`k${i}`),
      value,
    }));
    await run(store, ...puts);
    await run(store, ...puts);
    deepEqual(
      watch.batches.map(({ revision, events }) => [revision, events.length]),
      [
        [2, 5],
        [3, 5],
      ],
    );
    equal(watch.events.at(-1)?.previous?.value.length, value.length);
  });

  it("refuses new keys in a cluster that is full, and reads and deletes on", async () => {
    const server = await start({ args: ["--quota-backend-bytes", `${1024 * 1024}`] });
    await using store = await openEtcdStore(server.url);
    const value = Buffer.alloc(512 * 1024, "x");
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await run(store, { kind: "put", key: k(`k${i}`), value });
    };
    await rejects(fill(), { name: "NoSpaceError" });
    await rejects(store.leases?.grant({ id: 0, ttlSeconds: 60 }) ?? fill(), {
      name: "NoSpaceError",
    });
    const { count } = await store.range(everything);
    ok(count > 0);
    await run(store, { kind: "delete", ...everything });
    equal((await store.range(everything)).count, 0);
  });
});
