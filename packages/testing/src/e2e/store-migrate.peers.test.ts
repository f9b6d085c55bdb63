import { equal, match, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type MvccStore, openEtcdStore, openMysqlStore, openSqliteStore } from "@cellplane/kv";
import { EtcdTestServer } from "../../../kv/src/etcd/etcd-server.suite.ts";
import { MysqlTestServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { runCellplane } from "./run-program.ts";

const drivers = ["sqlite", "mariadb", "mysql", "etcd"] as const;
type Driver = (typeof drivers)[number];

describe("cellplane store migrate between all drivers", { concurrency: false }, () => {
  const root = mkdtempSync(join(tmpdir(), "cellplane-pairs-"));
  const opened = new AsyncDisposableStack();
  const servers = new Map<"mariadb" | "mysql", MysqlTestServer>();
  let etcd: EtcdTestServer;
  let stores = 0;
  /** A filled store of each driver: a migration only reads it. */
  const sources = new Map<Driver, Promise<string>>();

  /** The last migration to each driver. */
  const targets = new Map<Driver, { readonly source: string; readonly target: string }>();

  before(async () => {
    etcd = opened.use(await EtcdTestServer.start());
    for (const kind of ["mariadb", "mysql"] as const) {
      servers.set(kind, opened.use(await MysqlTestServer.start(kind)));
    }
  });
  after(async () => {
    await opened.disposeAsync();
    rmSync(root, { recursive: true, force: true });
  });

  async function newStore(driver: Driver): Promise<string> {
    const name = `store-${++stores}`;
    if (driver === "sqlite") return `sqlite:${join(root, name, "store.db")}`;
    if (driver === "etcd") return `etcd://127.0.0.1:${etcd.port}?prefix=/${name}`;
    return (await servers.get(driver)?.newDatabase()) ?? "";
  }

  function open(url: string): Promise<MvccStore> {
    if (url.startsWith("sqlite:")) return openSqliteStore({ path: url.slice(7), writer: "inline" });
    return url.startsWith("etcd:") ? openEtcdStore(url) : openMysqlStore(url);
  }

  async function ttlOfLease(url: string): Promise<number | undefined> {
    await using store = await open(url);
    return (await store.leases?.timeToLive(4711))?.ttlSeconds;
  }

  async function openSource(driver: Driver): Promise<string> {
    const url = await newStore(driver);
    await fill(url);
    return url;
  }

  async function fill(url: string): Promise<void> {
    await using store = await open(url);
    // In an etcd leases are the whole cluster's, whatever the prefix.
    if (!(await store.leases?.timeToLive(4711))) {
      await store.leases?.grant({ id: 4711, ttlSeconds: 3600 });
    }
    for (let i = 0; i < 40; i++) {
      const key = Buffer.from(`/registry/pods/default/p${i % 30}`);
      const value = Buffer.from([0, 255, i]);
      const put = { kind: "put", key, value, ...(i === 7 ? { lease: 4711 } : {}) } as const;
      await store.txn({ compare: [], success: [put], failure: [] });
    }
  }

  for (const from of drivers) {
    for (const to of drivers) {
      it(`takes a store from ${from} to ${to}, and compares both`, async () => {
        const source = await sources.getOrInsertComputed(from, openSource);
        const target = await newStore(to);
        const migrated = await runCellplane(["store", "migrate", source, target, "-o", "json"]);
        equal(migrated.code, 0, migrated.stderr);
        const result = JSON.parse(migrated.stdout) as Readonly<Record<string, unknown>>;
        equal(result["keys"], 30);
        equal(result["verified"], true);
        ok(!`${migrated.stdout}${migrated.stderr}`.includes("s3cret-word"));
        equal(await ttlOfLease(target), 3600);
        targets.set(to, { source, target });
      });
    }
  }

  for (const to of drivers) {
    it(`leaves nothing wrong in ${to}, and replaces nothing there unasked`, async () => {
      const { source = "", target = "" } = targets.get(to) ?? {};
      const [verified, again] = await Promise.all([
        runCellplane(["store", "verify", "--datastore", target]),
        runCellplane(["store", "migrate", source, target]),
      ]);
      match(verified.stdout, /^Nothing is wrong with /, verified.stdout + verified.stderr);
      equal(verified.code, 0);
      equal(again.code, 1);
      match(again.stderr, /give --force to replace them/);
    });
  }
});
