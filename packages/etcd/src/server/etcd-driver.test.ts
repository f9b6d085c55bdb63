import { describeLeases, describeMvccStore } from "@cellplane/kv/suite";
import { type EngineOptions, type MvccStore, openEtcdStore, openMemoryStore } from "@cellplane/kv";
import { createEtcdServer } from "./create-etcd-server.ts";

/** The driver for etcd, on our own face of etcd over a store in memory: both ways at once. */
async function openOverFacade(options: EngineOptions = {}): Promise<MvccStore> {
  const opened = new AsyncDisposableStack();
  const memory = opened.use(await openMemoryStore(options));
  const server = opened.use(
    await createEtcdServer(memory, {
      clientUrls: ["http://me"],
      onError: (error) => {
        throw error;
      },
    }),
  );
  const bound = await server.listen({ host: "127.0.0.1", port: 0 });
  const port = "port" in bound ? bound.port : 0;
  const store = await openEtcdStore(`etcd://127.0.0.1:${port}`);
  return withServer(store, opened);
}

/** The server goes with the store. */
function withServer(store: MvccStore, server: AsyncDisposable): MvccStore {
  return {
    leases: store.leases,
    range: (request, signal) => store.range(request, signal),
    txn: (request, signal) => store.txn(request, signal),
    watch: (request, listener) => store.watch(request, listener),
    compact: (revision, signal) => store.compact(revision, signal),
    headRevision: () => store.headRevision(),
    status: (signal) => store.status(signal),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describeMvccStore("openEtcdStore() on the facade", () => openOverFacade());
describeLeases("openEtcdStore() on the facade", (leaseClock) => openOverFacade({ leaseClock }));
