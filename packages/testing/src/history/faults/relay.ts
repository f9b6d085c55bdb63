import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Ends a batch of the store, as its bytes pass by. */
const commit = Buffer.from("\nCOMMIT");

/** What may happen to a connection when it next commits. */
export type CommitCut = "before-commit" | "before-answer";

/** A network path to a server that can be cut, muted, and slowed down. */
export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #delayMs = 0;
  #commitCut: CommitCut | undefined;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens on a free port, and passes on to a port of this machine. */
  static async open(target: number): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Ends all connections, both ways. */
  cut(): void {
    for (const pair of this.#pairs) pair.destroy();
  }

  /** What servers answer from now on is lost, and after a while so are the connections. */
  mute(forMs: number): void {
    for (const pair of this.#pairs) pair.mute(forMs);
  }

  /** Cuts the next connection that commits. */
  cutNextCommit(cut: CommitCut): void {
    this.#commitCut = cut;
  }

  /** Holds back everything by so much, in order; 0: no more. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #accept(client: Socket): void {
    const pair = new Pair(client, connect(this.#target, "127.0.0.1"), {
      delayMs: () => this.#delayMs,
      takeCommitCut: () => {
        const cut = this.#commitCut;
        this.#commitCut = undefined;
        return cut;
      },
      onClose: () => this.#pairs.delete(pair),
    });
    this.#pairs.add(pair);
  }
}

interface PairHost {
  delayMs(): number;
  takeCommitCut(): CommitCut | undefined;
  onClose(): void;
}

/** The two connections that make one. */
class Pair {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #host: PairHost;
  #isMute = false;

  constructor(client: Socket, server: Socket, host: PairHost) {
    this.#client = client;
    this.#server = server;
    this.#host = host;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.destroy());
      socket.on("close", () => this.destroy());
    }
    const toServer = this.#hold((bytes) => server.write(bytes));
    const toClient = this.#hold((bytes) => client.write(bytes));
    client.on("data", (bytes: Buffer) => {
      if (!this.#cutsAt(bytes)) toServer(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (!this.#isMute) toClient(bytes);
      else if (this.#isCutting) this.destroy();
    });
  }

  #isCutting = false;

  mute(forMs: number): void {
    this.#isMute = true;
    setTimeout(() => this.destroy(), forMs).unref();
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.#host.onClose();
  }

  /** Whether these bytes must not arrive any more. */
  #cutsAt(bytes: Buffer): boolean {
    if (!bytes.includes(commit)) return false;
    const cut = this.#host.takeCommitCut();
    if (cut === "before-commit") this.destroy();
    if (cut === "before-answer") this.#isMute = this.#isCutting = true;
    return cut === "before-commit";
  }

  /** Passes on in order, later if there is a delay. */
  #hold(pass: (bytes: Buffer) => void): (bytes: Buffer) => void {
    const held: { readonly bytes: Buffer; readonly atMs: number }[] = [];
    // One timer for the first of them, since timers that are set apart may ring out of order.
    const release = (): void => {
      for (let [next] = held; next; [next] = held) {
        const leftMs = next.atMs - performance.now();
        if (leftMs > 0) {
          setTimeout(release, leftMs);
          return;
        }
        held.shift();
        pass(next.bytes);
      }
    };
    return (bytes) => {
      const delayMs = this.#host.delayMs();
      if (held.length === 0 && delayMs === 0) return pass(bytes);
      held.push({ bytes, atMs: performance.now() + delayMs });
      if (held.length === 1) release();
    };
  }
}
