import { isIP, type Socket } from "node:net";
import * as net from "node:net";
import * as tls from "node:tls";

/** Where the proxy is to connect to. */
export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

const maxHeadBytes = 16_384;
const dialWithinMs = 10_000;

/**
 * Opens a connection to a target through a proxy: CONNECT for `http:` and `https:` (RFC 9110), or
 * `socks5:` (RFC 1928, with the name resolved by the proxy). Credentials come from the URL.
 *
 * @throws {Error} Which names the proxy, and never its password.
 */
export async function dialThroughProxy(
  proxyUrl: string,
  target: ProxyTarget,
  signal: AbortSignal,
): Promise<Socket> {
  const proxy = new URL(proxyUrl);
  const either = AbortSignal.any([signal, AbortSignal.timeout(dialWithinMs)]);
  let socket: Socket | undefined;
  try {
    socket = await openSocket(proxy, either);
    const reader = new ByteReader(socket, either);
    if (proxy.protocol === "socks5:") await greetSocks(socket, reader, proxy, target);
    else await connectHttp(socket, reader, proxy, target);
    reader.release();
    return socket;
  } catch (error) {
    socket?.destroy();
    const why = either.aborted && !signal.aborted ? "no answer within 10 s" : messageOf(error);
    throw Object.assign(
      new Error(`proxy ${proxy.protocol}//${proxy.host}: ${why}`, { cause: error }),
      {
        code: "EPROXY",
      },
    );
  }
}

function openSocket(proxy: URL, signal: AbortSignal): Promise<Socket> {
  const host = bare(proxy.hostname);
  const defaults: Readonly<Record<string, number>> = {
    "http:": 80,
    "https:": 443,
    "socks5:": 1080,
  };
  const port = proxy.port === "" ? (defaults[proxy.protocol] ?? 80) : Number(proxy.port);
  return new Promise((resolve, reject) => {
    const isTls = proxy.protocol === "https:";
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = isTls ? tls.connect({ host, port, ...servername }) : net.connect({ host, port });
    const abort = (): void => {
      socket.destroy(new Error("aborted"));
    };
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    socket.once("error", reject);
    socket.once(isTls ? "secureConnect" : "connect", () => {
      signal.removeEventListener("abort", abort);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

async function connectHttp(
  socket: Socket,
  reader: ByteReader,
  proxy: URL,
  { host, port }: ProxyTarget,
): Promise<void> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const authorization =
    proxy.username === ""
      ? ""
      : `Proxy-Authorization: Basic ${Buffer.from(credentials).toString("base64")}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const head = (await reader.until("\r\n\r\n", maxHeadBytes)).toString("latin1");
  const [, status = ""] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? [];
  if (status === "") throw new Error("it did not answer as an HTTP proxy");
  if (!status.startsWith("2")) throw new Error(`it answered ${head.split("\r\n", 1)[0] ?? status}`);
}

const socksErrors: readonly string[] = [
  "",
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "TTL expired",
  "command not supported",
  "address type not supported",
];

async function greetSocks(
  socket: Socket,
  reader: ByteReader,
  proxy: URL,
  target: ProxyTarget,
): Promise<void> {
  const hasUser = proxy.username !== "";
  socket.write(hasUser ? Buffer.from([5, 2, 0, 2]) : Buffer.from([5, 1, 0]));
  const [version, method] = await reader.take(2);
  if (version !== 5) throw new Error("it did not answer as a SOCKS5 proxy");
  if (method === 2) await loginSocks(socket, reader, proxy);
  else if (method !== 0) throw new Error("it accepts none of the offered ways to log in");
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), addressOf(target)]));
  const [, reply = 1, , kind] = await reader.take(4);
  if (reply !== 0) throw new Error(socksErrors[reply] ?? `it answered ${reply}`);
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await reader.take(1))[0] ?? 0);
  await reader.take(length + 2);
}

async function loginSocks(socket: Socket, reader: ByteReader, proxy: URL): Promise<void> {
  const user = Buffer.from(decodeURIComponent(proxy.username));
  const password = Buffer.from(decodeURIComponent(proxy.password));
  const lengths = [Buffer.from([1, user.length]), Buffer.from([password.length])] as const;
  socket.write(Buffer.concat([lengths[0], user, lengths[1], password]));
  const [, status] = await reader.take(2);
  if (status !== 0) throw new Error("it refused the user or the password");
}

function addressOf({ host, port }: ProxyTarget): Buffer {
  const end = Buffer.from([port >> 8, port & 255]);
  if (isIP(host) === 4)
    return Buffer.concat([Buffer.from([1, ...host.split(".").map(Number)]), end]);
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.from([3, name.length]), name, end]);
}

/** Reads a handshake's bytes; what comes after it stays for whoever uses the socket next. */
class ByteReader {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
  }

  async take(count: number): Promise<Buffer> {
    if (count === 0) return Buffer.alloc(0);
    for (;;) {
      const chunk = this.#socket.read(count) as Buffer | null;
      if (chunk?.length === count) return chunk;
      if (chunk) throw new Error("it closed the connection");
      await this.#more();
    }
  }

  async until(mark: string, limit: number): Promise<Buffer> {
    const bytes: Buffer[] = [];
    for (let length = 1; length <= limit; length += 1) {
      bytes.push(await this.take(1));
      if (length >= mark.length && Buffer.concat(bytes.slice(-mark.length)).toString() === mark) {
        return Buffer.concat(bytes);
      }
    }
    throw new Error("its answer is too long");
  }

  release(): void {
    this.#socket.removeAllListeners("readable");
  }

  #more(): Promise<void> {
    const socket = this.#socket;
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      const end = (): void => settle(new Error("it closed the connection"));
      const fail = (error: Error): void => settle(error);
      const ready = (): void => settle();
      const abort = (): void => settle(new Error("aborted"));
      const settle = (error?: Error): void => {
        socket.off("readable", ready).off("end", end).off("error", fail).off("close", end);
        signal.removeEventListener("abort", abort);
        if (error) reject(error);
        else resolve();
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      socket.on("readable", ready).on("end", end).on("error", fail).on("close", end);
    });
  }
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function messageOf(error: unknown): string {
  const { code = "" } = error as { readonly code?: string };
  if (code === "ECONNREFUSED") return "connection refused";
  return error instanceof Error ? error.message : String(error);
}
