import { after, describe } from "node:test";
import { describeLeases } from "../store/mvcc-lease.suite.ts";
import { describeMvccStore } from "../store/mvcc-store.suite.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { EtcdTestServer, hasEtcd } from "./etcd-server.suite.ts";
import { openEtcdStore } from "./open-etcd-store.ts";

/** Each case wants an empty store, at revision 1: the next server starts while the last one is in use. */
class FreshServers implements AsyncDisposable {
  readonly #servers: EtcdTestServer[] = [];
  #next = this.#start();

  async open(query = ""): Promise<MvccStore> {
    const server = await this.#next;
    this.#next = this.#start();
    const store = await openEtcdStore(`${server.url}${query}`);
    const close = store[Symbol.asyncDispose].bind(store);
    store[Symbol.asyncDispose] = async (): Promise<void> => {
      await close();
      await server[Symbol.asyncDispose]();
    };
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next;
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }

  async #start(): Promise<EtcdTestServer> {
    const server = await EtcdTestServer.start();
    this.#servers.push(server);
    return server;
  }
}

describe("on etcd", { skip: !hasEtcd() && "etcd is not installed" }, () => {
  const servers = new FreshServers();
  after(() => servers[Symbol.asyncDispose]());
  const traits = { order: "any", previous: "uncompacted" } as const;
  describeMvccStore("openEtcdStore()", () => servers.open("?prefix=/cellplane"), traits);
  describeLeases("openEtcdStore()", () => servers.open(), { order: "any", clock: "real" });
});
