import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { TunnelFrontend } from "./frontend/tunnel-frontend.ts";
import { authenticateCertificate } from "./server/authenticate.ts";
import { TunnelServer } from "./server/tunnel-server.ts";

/** How a server with its frontend is started. */
export interface ServerSettings {
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly serverId: string;
  /** `host:port` of every cluster's API server. */
  readonly upstream: string;
}

/** Where it listens. */
export interface ServerPorts {
  readonly agents: number;
  readonly clients: number;
}

/** A tunnel server in a process of its own, so that it can be killed. */
export class ServerProcess implements AsyncDisposable {
  readonly ports: ServerPorts;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ports: ServerPorts) {
    this.#child = child;
    this.ports = ports;
  }

  static async start(settings: ServerSettings): Promise<ServerProcess> {
    const child = fork(fileURLToPath(import.meta.url), { execArgv: [] });
    child.send(settings);
    const [ports] = (await once(child, "message")) as [ServerPorts];
    return new ServerProcess(child, ports);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

async function serve({ tls, serverId, upstream }: ServerSettings): Promise<ServerPorts> {
  const server = new TunnelServer({
    tls,
    authenticate: authenticateCertificate,
    directory: { routeOf: () => ({ upstream }) },
    serverId,
    serverCount: () => 2,
  });
  const frontend = new TunnelFrontend({
    tls,
    dial: (dial) => server.dial(dial),
    authorize: () => true,
    suffix: undefined,
    onError: () => undefined,
  });
  const own = { host: "127.0.0.1", port: 0 };
  const [agents, clients] = await Promise.all([server.listen(own), frontend.listen(own)]);
  if (!("port" in agents) || !("port" in clients)) throw new Error("It does not listen on TCP");
  return { agents: agents.port, clients: clients.port };
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once("message", (settings) => {
    void serve(settings as ServerSettings).then((ports) => process.send?.(ports));
  });
  process.once("disconnect", () => process.exit());
}
