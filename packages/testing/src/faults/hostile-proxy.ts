import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as sendRequest, Agent } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Issuer, issueCertificate } from "@cellplane/x509";

const hourMs = 3_600_000;

/** What goes wrong between a control plane and its member. */
export type Fault =
  | { readonly kind: "none" }
  /** Every answer begins late. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Requests arrive and are never answered. */
  | { readonly kind: "hang" }
  /** Every request but for health and version is answered so. */
  | { readonly kind: "answer"; readonly status: number; readonly retryAfterSeconds?: number }
  /** Each connection is reset as soon as something is asked. */
  | { readonly kind: "reset" }
  /** Each connection is closed in the proper way as soon as something is asked. */
  | { readonly kind: "halfClose" }
  /** Watches open and tell nothing; all else works. */
  | { readonly kind: "staleWatch" }
  /** Watches are told that their history is gone. */
  | { readonly kind: "goneWatch" }
  /** The clock is an hour behind: the certificate is not valid yet, dates are wrong. */
  | { readonly kind: "clockOff" };

/**
 * Ends TLS in front of a member's API server and passes requests on, or does what a fault says.
 * It has an authority of its own, whose certificate clients trust.
 */
export class HostileProxy implements AsyncDisposable {
  readonly caBundle: string;
  readonly #target: URL;
  readonly #issuer: Issuer;
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  readonly #server = createServer((request, response) => this.#handle(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #held = new Set<() => void>();
  /** Requests that reached the member, as `METHOD path`, without reads. */
  readonly writes: string[] = [];
  #fault: Fault = { kind: "none" };

  private constructor(target: string) {
    this.#target = new URL(target);
    const authority = issueCertificate({
      usage: "authority",
      commonName: "proxy-ca",
      notBeforeMs: Date.now() - hourMs,
      notAfterMs: Date.now() + hourMs,
    });
    this.caBundle = authority.certificate;
    this.#issuer = {
      certificate: new X509Certificate(authority.certificate).raw,
      key: createPrivateKey(authority.key),
    };
  }

  /** Starts one on a free port. */
  static async start(target: string): Promise<HostileProxy> {
    const proxy = new HostileProxy(target);
    proxy.#certify(Date.now() - hourMs);
    const server = proxy.#server;
    server.on("connection", (socket: Socket) => {
      proxy.#sockets.add(socket);
      socket.on("close", () => proxy.#sockets.delete(socket));
      socket.on("error", () => undefined);
    });
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on this goes wrong; what was held back is let go where nothing does any more. */
  set(fault: Fault): void {
    const before = this.#fault;
    this.#fault = fault;
    if (fault.kind === "clockOff") this.#certify(Date.now() + hourMs);
    else if (before.kind === "clockOff") this.#certify(Date.now() - hourMs);
    // A fault of the connection is one of those that are open, too.
    const cuts: readonly Fault["kind"][] = [
      "reset",
      "halfClose",
      "clockOff",
      "answer",
      "goneWatch",
    ];
    if (cuts.includes(fault.kind) || before.kind === "clockOff") this.#cut();
    if (fault.kind !== "none") return;
    for (const release of this.#held) release();
    this.#held.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#cut();
    this.#agent.destroy();
    await closed;
  }

  #certify(notBeforeMs: number): void {
    const { certificate, key } = issueCertificate(
      {
        usage: "server",
        commonName: "proxy",
        hosts: ["127.0.0.1"],
        notBeforeMs,
        notAfterMs: notBeforeMs + 12 * hourMs,
      },
      this.#issuer,
    );
    this.#server.setSecureContext({ cert: certificate, key });
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const fault = this.#fault;
    const url = request.url ?? "/";
    const isWatch = url.includes("watch=true");
    const isProbe = url === "/healthz" || url === "/version";
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    if (fault.kind === "reset") request.socket.destroy();
    else if (fault.kind === "halfClose") request.socket.end();
    else if (fault.kind === "hang") this.#held.add(() => request.socket.destroy());
    else if (fault.kind === "slow") setTimeout(() => this.#pass(request, response), fault.delayMs);
    else if (fault.kind === "answer" && !isProbe) answer(response, fault);
    else if (fault.kind === "goneWatch" && isWatch) answerGone(response);
    else this.#pass(request, response);
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = "GET", url = "/", headers } = request;
    if (method !== "GET") this.writes.push(`${method} ${url}`);
    const isWatch = url.includes("watch=true");
    const outgoing = sendRequest(
      new URL(url, this.#target),
      { method, headers: { ...headers, host: this.#target.host }, agent: this.#agent },
      (incoming) => {
        const date = new Date(Date.now() - (this.#fault.kind === "clockOff" ? hourMs : 0));
        response.writeHead(incoming.statusCode ?? 502, {
          ...incoming.headers,
          date: date.toUTCString(),
        });
        response.flushHeaders();
        incoming.on("error", () => response.destroy());
        incoming.on("data", (chunk: Buffer) => {
          if (isWatch && this.#fault.kind === "staleWatch") {
            this.#held.add(() => response.write(chunk));
          } else response.write(chunk);
        });
        incoming.on("end", () => response.end());
      },
    );
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    request.pipe(outgoing);
  }
}

function answer(
  response: ServerResponse,
  { status, retryAfterSeconds }: Extract<Fault, { readonly kind: "answer" }>,
): void {
  const headers = {
    "content-type": "text/plain",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  };
  response.writeHead(status, headers).end(status === 429 ? "Too many requests" : "broken");
}

function answerGone(response: ServerResponse): void {
  const object = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason: "Expired",
    code: 410,
    message: "too old resource version",
  };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
}
