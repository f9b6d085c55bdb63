import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes of the statement that ends a batch, as they pass by. */
const commit = Buffer.from("\nCOMMIT");

/** When a connection is cut: before the commit reaches the server, or before its answer comes back. */
export type Cut = "before-commit" | "before-answer";

/** A proxy on loopback that cuts connections around a commit, or is away altogether. */
export class CuttingProxy implements AsyncDisposable {
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  /** How many connections were cut. */
  cuts = 0;
  #isAway = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens, and passes on to a port of this machine. */
  static async open(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Cuts the next connection that commits a batch. */
  cutNext(cut: Cut): void {
    this.#cut = cut;
  }

  /** Cuts everything, and refuses whoever comes. */
  goAway(): void {
    this.#isAway = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  comeBack(): void {
    this.#isAway = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.goAway();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#isAway) {
      client.destroy();
      return;
    }
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
      const isCommit = bytes.includes(commit) && bytes.includes("INSERT INTO kv_log");
      if (isCommit && this.#cut === "before-commit") {
        this.#noteCut();
        client.destroy();
        return;
      }
      if (isCommit && this.#cut === "before-answer") {
        this.#noteCut();
        isMute = true;
      }
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (isMute) client.destroy();
      else client.write(bytes);
    });
  }

  #noteCut(): void {
    this.#cut = undefined;
    this.cuts++;
  }
}
