import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";

/** A proxy for CONNECT, as companies have them: every name leads to loopback. */
export class ConnectProxy implements AsyncDisposable {
  /** What it was asked for, and the credentials that came with it. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[] = [];
  readonly port: number;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  /** Refuses with `status` unless it is 200. */
  static async open(status = 200): Promise<ConnectProxy> {
    const sockets = new Set<Duplex>();
    const keep = (socket: Duplex): void => {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    };
    const server = createServer();
    server.on("connect", (request, socket, head: Buffer) => {
      keep(socket);
      const { url = "", headers } = request;
      proxy.asked.push({ target: url, authorization: headers["proxy-authorization"] });
      if (status !== 200) {
        socket.end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
        return;
      }
      const onward = connect({ host: "127.0.0.1", port: Number(url.split(":").at(-1)) }, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        onward.write(head);
        socket.pipe(onward).pipe(socket);
      });
      keep(onward);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new ConnectProxy((server.address() as AddressInfo).port, async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    return proxy;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
