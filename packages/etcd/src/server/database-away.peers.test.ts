import { equal, match, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isGrpcError } from "@cellplane/grpc";
import { openMysqlStore } from "@cellplane/kv";
import { MysqlTestServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { OwnClient } from "./own-client.suite.ts";

const withinMs = 60_000;

describe("the facade while its database is away", () => {
  let database: MysqlTestServer;
  let client: OwnClient;
  before(async () => {
    database = await MysqlTestServer.start("mariadb");
    client = await OwnClient.open({ store: await openMysqlStore(await database.newDatabase()) });
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  /** Puts until it succeeds; gives how often that took. */
  async function putUntilDone(key: string, value: string): Promise<number> {
    const deadline = performance.now() + withinMs;
    for (let tries = 1; ; tries++) {
      try {
        await client.put(key, value);
        return tries;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  it("refuses in etcd's words, ends streams that want a leader, and goes on by itself", async () => {
    await client.put("a", "1");
    const patient = client.watch();
    patient.create("a");
    const choosy = client.watch({ hasleader: "true" });
    choosy.create("a");
    for (const stream of [patient, choosy]) equal(await stream.next(), "0@2 created");
    await database.kill();
    await rejects(client.put("a", "lost"), (error) => {
      if (!isGrpcError(error)) return false;
      equal(error.status, "UNAVAILABLE");
      match(error.message, /^etcdserver: (no leader|request timed out)$/);
      return true;
    });
    await rejects(choosy.next(), { status: "UNAVAILABLE", message: "etcdserver: no leader" });
    // What comes now is told at once.
    const late = client.watch({ hasleader: "true" });
    late.create("a");
    await rejects(late.next(), { status: "UNAVAILABLE", message: "etcdserver: no leader" });
    equal((await fetch(`${client.url}/health`)).status, 503);
    patient.askProgress();
    equal(await patient.next(), "-1@2");
    await database.run();
    await putUntilDone("a", "2");
    let told = await patient.next();
    // Its outcome may have been unknown, and so it may have been written.
    if (told.endsWith("=lost")) told = await patient.next();
    match(told, /^0@[34] \+a=2$/);
    patient.close();
  });
});
