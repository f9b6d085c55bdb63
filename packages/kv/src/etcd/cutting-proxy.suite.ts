import { connect, createServer, type Server, type Socket } from "node:net";

/** When a connection is cut: before a request reaches etcd, or before its answer comes back. */
export type Cut = "before-request" | "before-answer";

/** A proxy on loopback that cuts the connection of one request, or is away altogether. */
export class CuttingProxy implements AsyncDisposable {
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next: { readonly cut: Cut; readonly marker: string } | undefined;
  #port = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens, and passes on to a port of this machine. */
  static async open(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await proxy.comeBack();
    return proxy;
  }

  /** For the driver. */
  get url(): string {
    return `etcd://127.0.0.1:${this.#port}`;
  }

  /** Cuts the next request that has `marker` in it. */
  cutNext(cut: Cut, marker: string): void {
    this.#next = { cut, marker };
  }

  /** Cuts everything, and nobody listens any more. */
  async goAway(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cutAll();
    await closed;
  }

  /** Listens, at the same port as before. */
  async comeBack(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(this.#port, "127.0.0.1", resolve);
    await promise;
    const address = this.#server.address();
    if (typeof address === "object" && address) this.#port = address.port;
  }

  /** Cuts all connections that there are. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.goAway();
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    let isMute = false;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on("data", (bytes: Buffer) => {
      const cut = this.#next && bytes.includes(this.#next.marker) ? this.#next.cut : undefined;
      if (cut) this.#next = undefined;
      if (cut === "before-request") {
        client.destroy();
        return;
      }
      if (cut === "before-answer") isMute = true;
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      // The answer is the first that comes with a message; what came before it acknowledges frames.
      if (!isMute) client.write(bytes);
      else if (bytes.length > 40) client.destroy();
    });
  }
}
