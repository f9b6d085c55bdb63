import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Passes connections on, each direction late by a time: a line that is long. */
export class DelayRelay implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  /** Listens on a free port of `host`, and passes on to `port` of the same. */
  static async open(host: string, port: number, oneWayMs: number): Promise<DelayRelay> {
    const open = new Set<Socket>();
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      const far = connect({ host, port, noDelay: true, allowHalfOpen: true });
      for (const socket of [near, far]) {
        open.add(socket);
        socket.once("close", () => open.delete(socket));
      }
      passOn(near, far, oneWayMs);
      passOn(far, near, oneWayMs);
    });
    server.listen(0, host);
    await once(server, "listening");
    return new DelayRelay((server.address() as AddressInfo).port, async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

function passOn(from: Socket, to: Socket, ms: number): void {
  from.on("error", () => to.destroy());
  from.on("data", (chunk) => setTimeout(() => to.write(chunk), ms));
  from.once("end", () => setTimeout(() => to.end(), ms));
}
