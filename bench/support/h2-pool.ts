import * as http2 from "node:http2";
import type { ConnectionSettings } from "@cellplane/client/node";

/** One request of the load. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

const windowBytes = 8 << 20;

/**
 * A lean HTTP/2 client: the requests of a load over a few kept connections, in turn. It decodes
 * nothing, so that the client takes as little as possible of the machine that it shares.
 */
export class H2Pool {
  readonly #sessions: readonly http2.ClientHttp2Session[];
  #next = 0;

  private constructor(sessions: readonly http2.ClientHttp2Session[]) {
    this.#sessions = sessions;
  }

  /** Connects all sessions. */
  static async open(connection: ConnectionSettings, sessions: number): Promise<H2Pool> {
    const opening = Array.from({ length: sessions }, () => connect(connection));
    return new H2Pool(await Promise.all(opening));
  }

  /**
   * Sends one request and reads its whole answer.
   *
   * @throws when the status is no success
   */
  request({ method, path, contentType, body }: LoadRequest): Promise<Buffer> {
    const stream = this.#open({
      ":method": method,
      ":path": path,
      accept: "application/json",
      ...(contentType === undefined ? {} : { "content-type": contentType }),
    });
    stream.end(body);
    return new Promise((resolve, reject) => {
      let status = 0;
      const chunks: Buffer[] = [];
      stream.on("response", (headers) => {
        status = headers[":status"] ?? 0;
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("end", () => {
        const [first] = chunks;
        const answer = chunks.length === 1 && first ? first : Buffer.concat(chunks);
        if (status >= 200 && status < 300) resolve(answer);
        else reject(new Error(`${method} ${path}: ${status} ${answer.toString().slice(0, 500)}`));
      });
    });
  }

  /** Opens a stream that stays; resolves with what closes it when the server has accepted it. */
  stream(path: string, onData: (chunk: Buffer) => void): Promise<() => void> {
    const stream = this.#open({ ":method": "GET", ":path": path, accept: "application/json" });
    stream.end();
    stream.on("data", onData);
    return new Promise((resolve, reject) => {
      stream.on("error", reject);
      stream.once("response", ({ ":status": status }) => {
        if (status === 200) resolve(() => stream.close(http2.constants.NGHTTP2_CANCEL));
        else reject(new Error(`GET ${path}: ${status}`));
      });
    });
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
  }

  #open(headers: http2.OutgoingHttpHeaders): http2.ClientHttp2Stream {
    const session = this.#sessions[this.#next++ % this.#sessions.length];
    if (!session) throw new Error("Cannot send as there is no session");
    return session.request(headers);
  }
}

function connect(connection: ConnectionSettings): Promise<http2.ClientHttp2Session> {
  const { server, caBundle, insecureSkipTlsVerify, clientCertificate, clientKey } = connection;
  const session = http2.connect(server, {
    rejectUnauthorized: !insecureSkipTlsVerify,
    settings: { initialWindowSize: windowBytes },
    ...(caBundle === undefined ? {} : { ca: caBundle }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate }),
    ...(clientKey === undefined ? {} : { key: clientKey }),
  });
  return new Promise((resolve, reject) => {
    session.once("error", reject);
    session.once("connect", () => {
      session.setLocalWindowSize(windowBytes);
      session.setMaxListeners(0);
      resolve(session);
    });
  });
}
