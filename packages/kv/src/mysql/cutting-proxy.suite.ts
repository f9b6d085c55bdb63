import { on } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes of the statement that ends a batch, as they pass by. */
const commit = Buffer.from("\nCOMMIT");

/** The change by which a process finds out what became of a batch. */
const settling = Buffer.from("UPDATE kv_writer SET batch = IF(batch IN");

/** How a refusal of the head that a batch relied on is told. */
const outOfRangeState = Buffer.from("#22003");

/** Longest wait for a refusal, in milliseconds. */
const refusalWithinMs = 3000;

/**
 * When a connection is cut: before the commit reaches the server, or before its answer comes back;
 * or the commit reaches the server late, after the process has asked what became of it.
 */
export type Cut = "before-commit" | "before-answer" | "late";

/** A proxy on loopback that cuts connections around a commit, or is away altogether. */
export class CuttingProxy implements AsyncDisposable {
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  /** How many connections were cut. */
  cuts = 0;
  /** How many messages committed a batch, and how many took the lock before they did. */
  commits = 0;
  locks = 0;
  #isAway = false;
  /** Delivers a commit that is held back, and resolves when the server has answered it. */
  #deliver: (() => Promise<void>) | undefined;

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
    let isHeld = false;
    let isSettling = false;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        if (!isHeld) server.destroy();
      });
    }
    client.on("data", (bytes: Buffer) => {
      const isCommit = bytes.includes(commit) && bytes.includes("INSERT INTO kv_log");
      if (isCommit) this.commits++;
      if (bytes.includes("FROM kv_meta WHERE one = 1 FOR UPDATE")) this.locks++;
      if (isCommit && this.#cut === "before-commit") {
        this.#noteCut();
        client.destroy();
        return;
      }
      if (isCommit && this.#cut === "before-answer") {
        this.#noteCut();
        isMute = true;
      }
      if (isCommit && this.#cut === "late") {
        this.#noteCut();
        isHeld = true;
        this.#deliver = async () => {
          this.#deliver = undefined;
          server.write(bytes);
          // Refused, or else committed by then.
          await arrival(server, outOfRangeState).catch(() => undefined);
          isHeld = false;
          server.destroy();
        };
        client.destroy();
        return;
      }
      isSettling = bytes.includes(settling);
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (isHeld) return;
      if (isSettling && this.#deliver) {
        server.pause();
        void this.#deliver().then(() => {
          client.write(bytes);
          server.resume();
        });
        return;
      }
      if (isMute) client.destroy();
      else client.write(bytes);
    });
  }

  #noteCut(): void {
    this.#cut = undefined;
    this.cuts++;
  }
}

/** Resolves when bytes have arrived. */
async function arrival(socket: Socket, wanted: Buffer): Promise<void> {
  const signal = AbortSignal.timeout(refusalWithinMs);
  let seen = Buffer.alloc(0);
  for await (const [bytes] of on(socket, "data", { signal }) as AsyncIterable<[Buffer]>) {
    seen = Buffer.concat([seen, bytes]);
    if (seen.includes(wanted)) return;
  }
}
