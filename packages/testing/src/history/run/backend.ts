import { join } from "node:path";
import { MysqlTestServer } from "../../../../kv/src/mysql/mysql-server.suite.ts";
import { Relay } from "../faults/relay.ts";
import { EtcdServer } from "./etcd-server.ts";
import type { Subject } from "./open-subject.ts";

/** A server that can be killed, and started again on its data. */
export interface KillableServer {
  kill(): Promise<void>;
  run(): Promise<void>;
}

/** What a store is kept in. */
export interface Backend {
  readonly subject: Subject;
  /** Whether several processes may have it open at once. */
  readonly isForMany: boolean;
  /** Whether it outlives the process that has it open. */
  readonly isDurable: boolean;
  readonly server?: KillableServer;
  /** The way to the server. */
  readonly relay?: Relay;
}

/** Opens what a store is kept in, below a folder; the stack closes it. */
export async function openBackend(
  name: string,
  folder: string,
  opened: AsyncDisposableStack,
): Promise<Backend> {
  switch (name) {
    case "memory":
      return { subject: "memory", isForMany: false, isDurable: false };
    case "sqlite":
      return {
        subject: `sqlite:${join(folder, "sqlite", "store.db")}`,
        isForMany: false,
        isDurable: true,
      };
    case "mariadb":
    case "mysql": {
      const server = opened.use(
        await MysqlTestServer.start(name, ["--innodb-buffer-pool-size=64M"]),
      );
      const url = new URL(await server.newDatabase());
      const relay = opened.use(await Relay.open(server.port));
      url.port = String(relay.port);
      return { subject: url.href, isForMany: true, isDurable: true, server, relay };
    }
    case "etcd": {
      const server = opened.use(await EtcdServer.start(join(folder, "etcd")));
      const relay = opened.use(await Relay.open(server.port));
      const subject = `http://127.0.0.1:${relay.port}`;
      return { subject, isForMany: true, isDurable: true, server, relay };
    }
    default:
      throw new Error(
        `Cannot run "${name}": the stores are memory, sqlite, mariadb, mysql, etcd, and facade: before one of the first four`,
      );
  }
}
