import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EtcdPeer } from "../../../etcd/src/server/etcd-peers.suite.ts";
import { MysqlTestServer, type ServerKind } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { EtcdProcess } from "../e2e/etcd-process.ts";

/** What is under load. */
export const subjectNames = ["etcd", "sqlite", "mariadb", "mysql"] as const;
export type SubjectName = (typeof subjectNames)[number];

/** Something that happens to it: it is killed, and started again. */
export interface Fault {
  readonly name: string;
  readonly strike: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

/** A server of etcd's API, and what can happen to it. */
export interface LoadSubject extends AsyncDisposable {
  readonly url: string;
  readonly faults: readonly Fault[];
}

/** Starts one. */
export async function startSubject(name: SubjectName): Promise<LoadSubject> {
  switch (name) {
    case "etcd":
      return startEtcd();
    case "sqlite":
      return startFacade(() => "sqlite", undefined);
    default:
      return startDatabase(name);
  }
}

async function startEtcd(): Promise<LoadSubject> {
  const etcd = await EtcdPeer.start();
  const fault = { name: "etcd killed", strike: () => etcd.kill(), mend: () => etcd.run() };
  return {
    url: etcd.url,
    faults: [fault],
    [Symbol.asyncDispose]: () => etcd[Symbol.asyncDispose](),
  };
}

async function startDatabase(kind: ServerKind): Promise<LoadSubject> {
  const database = await MysqlTestServer.start(kind);
  try {
    const url = await database.newDatabase();
    return await startFacade(() => url, database);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

async function startFacade(
  datastore: () => string,
  database: MysqlTestServer | undefined,
): Promise<LoadSubject> {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-load-"));
  const start = (listen: string): Promise<EtcdProcess> => {
    const at = ["--data-dir", join(folder, "store"), "--listen", listen];
    return EtcdProcess.start([...at, "--datastore", datastore(), "--log-level", "error"]);
  };
  let facade = await start("http://127.0.0.1:0");
  const facadeKilled: Fault = {
    name: "facade killed",
    strike: () => facade.end("SIGKILL"),
    mend: async () => {
      facade = await start(facade.url);
    },
  };
  const databaseKilled: Fault | undefined = database && {
    name: "database killed",
    strike: () => database.kill(),
    mend: () => database.run(),
  };
  return {
    url: facade.url,
    faults: databaseKilled ? [facadeKilled, databaseKilled] : [facadeKilled],
    async [Symbol.asyncDispose]() {
      await facade[Symbol.asyncDispose]();
      await database?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
