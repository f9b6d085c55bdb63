import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { ensurePki } from "@cellplane/apiserver";
import { runInPod } from "./run-in-pod.ts";
import { forwardPort } from "./forward-port.ts";

/** A follower of the pod's log. */
export interface LogFollower {
  readonly write: (line: string) => void;
  readonly closed: Promise<void>;
}

/**
 * An API server with one pod, `default/toolbox`: its log can be followed, its commands are run on
 * this machine, and its ports are this machine's. By WebSocket and by SPDY, as kubectl asks.
 */
export class PodServer implements AsyncDisposable {
  readonly ca: string;
  /** Of all requests, newest last. */
  readonly requests: { readonly url: string; readonly headers: IncomingMessage["headers"] }[] = [];
  readonly #server: Server;
  readonly #folder: string;
  readonly #sockets = new Set<Socket>();
  #onFollower: ((follower: LogFollower) => void) | undefined;

  private constructor(server: Server, folder: string, ca: string) {
    this.#server = server;
    this.#folder = folder;
    this.ca = ca;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (request, answer) => this.#answer(request, answer));
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(): Promise<PodServer> {
    const folder = await mkdtemp(join(tmpdir(), "cellplane-pod-"));
    const pki = await ensurePki(folder, { hosts: [], nowMs: Date.now() });
    const server = createServer({ key: pki.server.key, cert: pki.server.certificate });
    const started = new PodServer(server, folder, pki.ca);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return started;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Resolves with the next one who follows the log. */
  nextFollower(): Promise<LogFollower> {
    return new Promise((resolve) => {
      this.#onFollower = resolve;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await rm(this.#folder, { recursive: true, force: true });
  }

  #answer(request: IncomingMessage, answer: ServerResponse): void {
    const { url = "/" } = request;
    this.requests.push({ url, headers: request.headers });
    const { pathname } = new URL(url, "https://pod");
    if (pathname.endsWith("/log")) return this.#follow(answer);
    const found = documents[pathname];
    answer.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    answer.end(JSON.stringify(found ?? notFound));
  }

  #follow(answer: ServerResponse): void {
    answer.writeHead(200, { "content-type": "text/plain" });
    answer.flushHeaders();
    const closed = once(answer, "close").then(() => undefined);
    this.#onFollower?.({ write: (line) => void answer.write(line), closed });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? "/", "https://pod");
    this.requests.push({ url: url.href, headers: request.headers });
    socket.on("error", () => socket.destroy());
    if (head.length > 0) socket.unshift(head);
    if (url.pathname.endsWith("/portforward")) forwardPort(request, socket);
    else runInPod(request, socket, url.searchParams);
  }
}

const notFound = {
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  reason: "NotFound",
  message: "the server could not find the requested resource",
  code: 404,
};
const resource = (name: string, verbs: readonly string[]): object => ({
  name,
  singularName: "",
  namespaced: true,
  kind: "Pod",
  verbs,
});
const documents: Readonly<Record<string, object>> = {
  "/version": { major: "1", minor: "36", gitVersion: "v1.36.0" },
  "/api": { kind: "APIVersions", versions: ["v1"] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: [] },
  "/api/v1": {
    kind: "APIResourceList",
    groupVersion: "v1",
    resources: [
      resource("pods", ["get"]),
      resource("pods/exec", ["create", "get"]),
      resource("pods/log", ["get"]),
      resource("pods/portforward", ["create", "get"]),
    ],
  },
  "/api/v1/namespaces/default/pods/toolbox": {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name: "toolbox", namespace: "default" },
    spec: { containers: [{ name: "main", image: "toolbox", ports: [] }] },
    status: { phase: "Running" },
  },
};
