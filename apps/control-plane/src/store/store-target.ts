import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  describeMysql,
  describeSqlite,
  lockDirectory,
  LockedError,
  type MvccStore,
  openEtcdStore,
  openMysqlStore,
  openSqliteStore,
  parseMysqlUrl,
  redactEtcdUrl,
  redactMysqlUrl,
  refuseUnfinishedRestore,
  rememberedEtcdRevision,
  rememberedRevision,
  type StoreDescription,
} from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import { isEtcdUrl, isMysqlUrl, isSqlitePath, parseDatastore } from "../options/server-options.ts";
import { AdminStore } from "./admin-store.ts";
import { adminSocketName } from "./admin-wire.ts";
import { describeStore } from "./describe-store.ts";
import { hidePassword } from "./hide-password.ts";

/** Which store a command is about. */
export interface TargetOptions {
  readonly dataDir?: string;
  readonly datastore?: string;
}

/** A store, and the way to it: through the server that has it open, by its file, or by its URL. */
export type StoreTarget =
  | { readonly kind: "served"; readonly dataDir: string; readonly name: string }
  | { readonly kind: "sqlite"; readonly path: string; readonly name: string }
  | { readonly kind: "mysql" | "etcd"; readonly url: string; readonly name: string };

/** Finds the way to a store. @throws {ServerError} */
export function findTarget({ dataDir, datastore }: TargetOptions): StoreTarget {
  const store = datastore === undefined ? undefined : parseDatastore(datastore);
  if (store !== undefined && (isMysqlUrl(store) || isEtcdUrl(store))) {
    hidePassword(store);
    if (isMysqlUrl(store)) return { kind: "mysql", url: store, name: redactMysqlUrl(store) };
    return { kind: "etcd", url: store, name: redactEtcdUrl(store) };
  }
  const file = store !== undefined && isSqlitePath(store) ? resolve(store.slice(7)) : undefined;
  const directory = dataDir ?? (file === undefined ? undefined : dirname(file));
  if (directory === undefined) {
    throw new ServerError("Cannot find the store as neither --data-dir nor --datastore is given");
  }
  if (isHeld(directory) || (file !== undefined && isHeld(dirname(file)))) {
    return servedTarget(directory);
  }
  if (store === "memory") {
    throw new ServerError(
      `Cannot find the store as no server runs on "${directory}", and memory is gone with its server`,
    );
  }
  const path = file ?? join(resolve(directory), "store.db");
  return { kind: "sqlite", path, name: path };
}

/** The target that `migrate` calls FROM or TO: a datastore, or a data directory. */
export function parseTarget(text: string): StoreTarget {
  const isDatastore = /^(sqlite:|mysql:\/\/|etcd:\/\/)/.test(text);
  return findTarget(isDatastore ? { datastore: text } : { dataDir: text });
}

function servedTarget(dataDir: string): StoreTarget {
  if (existsSync(join(dataDir, adminSocketName))) {
    return { kind: "served", dataDir, name: `the server on ${resolve(dataDir)}` };
  }
  throw new ServerError(
    `Cannot use the store as another process has it open, and there is no ${adminSocketName} in "${dataDir}"; give the --data-dir of that process, or stop it`,
  );
}

/** Whether a process has a directory open. */
function isHeld(directory: string): boolean {
  if (!existsSync(join(directory, "lock.db"))) return false;
  try {
    lockDirectory(directory)[Symbol.dispose]();
    return false;
  } catch (error) {
    if (error instanceof LockedError) return true;
    throw error;
  }
}

/** Opens a store that must be there; the caller closes it. */
export async function openTarget(target: StoreTarget): Promise<MvccStore> {
  switch (target.kind) {
    case "served":
      return new AdminStore(target.dataDir);
    case "sqlite":
      checkExists(target.path);
      // An empty file would be made a store.
      describeSqlite(target.path);
      return openSqliteStore({ path: target.path, writer: "inline" });
    case "mysql":
      return openMysqlStore(target.url, { environment: process.env, mustExist: true });
    case "etcd":
      return openEtcdStore(target.url, { environment: process.env });
  }
}

/** Opens a store to read all of it: none whose restore was interrupted. */
export async function openWhole(target: StoreTarget): Promise<MvccStore> {
  const store = await openTarget(target);
  try {
    if (target.kind === "etcd") await refuseUnfinishedRestore(store);
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a store tells of itself. */
export async function describeTarget(target: StoreTarget): Promise<StoreDescription> {
  switch (target.kind) {
    case "served":
      return new AdminStore(target.dataDir).describe();
    case "sqlite":
      checkExists(target.path);
      return describeSqlite(target.path);
    case "mysql":
      return describeMysql(parseMysqlUrl(target.url, process.env));
    case "etcd": {
      await using store = await openTarget(target);
      return await describeStore(store);
    }
  }
}

/** Where a data directory remembers the newest revision of an etcd. */
export const etcdHeadName = "etcd-head.json";

/** The newest revision that a data directory remembers of its store; 0 where it remembers none. */
export function acknowledgedIn({ dataDir }: TargetOptions, kind?: StoreTarget["kind"]): number {
  if (dataDir === undefined) return 0;
  if (kind === "etcd") return rememberedEtcdRevision(join(dataDir, etcdHeadName));
  return rememberedRevision(join(dataDir, "store-head.json"));
}

function checkExists(path: string): void {
  if (existsSync(path)) return;
  throw new ServerError(`Cannot open the store as there is no file "${path}"`);
}
