import { createEtcdServer } from "@cellplane/etcd";
import type { MvccStore } from "@cellplane/kv";

/** Serves a store as etcd on a free port; the store goes with the server. */
export class Facade implements AsyncDisposable {
  readonly url: string;
  readonly store: MvccStore;
  readonly #opened: AsyncDisposableStack;

  private constructor(url: string, store: MvccStore, opened: AsyncDisposableStack) {
    this.url = url;
    this.store = store;
    this.#opened = opened;
  }

  static async open(store: MvccStore): Promise<Facade> {
    const opened = new AsyncDisposableStack();
    opened.use(store);
    const server = await createEtcdServer(store, {
      clientUrls: ["http://127.0.0.1"],
      onError: (error) => {
        throw error;
      },
    });
    opened.use(server);
    const bound = await server.listen({ host: "127.0.0.1", port: 0 });
    return new Facade(`http://127.0.0.1:${"port" in bound ? bound.port : 0}`, store, opened);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}
