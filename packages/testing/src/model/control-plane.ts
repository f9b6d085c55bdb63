import { cp, mkdir, rm } from "node:fs/promises";
import { createRestClient, type RestClient } from "@cellplane/client";
import { createHttpTransport } from "@cellplane/client/node";
import { createFederationControllers, type PlanSync } from "@cellplane/controllers";
import { readControlPlaneId } from "../../../../apps/cli/src/membership/join-cluster.ts";
import { connectOwn } from "../../../../apps/control-plane/src/kubernetes-api/serve-until-signal.ts";
import { TestServer } from "../e2e/test-server.ts";
import { type RunningServer, startServer } from "../in-process/running-server.suite.ts";

/** A control plane that can be stopped, killed, and put back to an earlier state. */
export interface ControlPlane extends AsyncDisposable {
  readonly client: RestClient;
  /** Ends it at once, as a failing machine would, and starts it again. */
  crash(): Promise<void>;
  /** Stops it cleanly and starts it again. */
  restart(): Promise<void>;
  /** Keeps a copy of its data directory. */
  backUp(): Promise<void>;
  /** Puts the copy in the place of its data directory. */
  restore(): Promise<void>;
}

/** One in this process: a crash ends its controllers alone. `plan` may be one with a mistake. */
export class InProcessControlPlane implements ControlPlane {
  readonly #folder: string;
  readonly #plan: PlanSync | undefined;
  #server: RunningServer;
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, server: RunningServer, plan: PlanSync | undefined) {
    this.#folder = folder;
    this.#server = server;
    this.#plan = plan;
  }

  /** Starts it with its data in a folder. */
  static async open(folder: string, plan?: PlanSync): Promise<InProcessControlPlane> {
    await mkdir(folder, { recursive: true });
    const server = await startServer("control-plane", { folder });
    const controlPlane = new InProcessControlPlane(folder, server, plan);
    await controlPlane.#startControllers();
    return controlPlane;
  }

  get client(): RestClient {
    return this.#server.client;
  }

  async crash(): Promise<void> {
    const ended = this.#running;
    this.#stop.abort();
    await this.#startControllers();
    await ended;
  }

  async restart(): Promise<void> {
    await this.#close();
    await this.#open();
  }

  async backUp(): Promise<void> {
    await this.#close();
    await replace(this.#folder, backupOf(this.#folder));
    await this.#open();
  }

  async restore(): Promise<void> {
    await this.#close();
    await replace(backupOf(this.#folder), this.#folder);
    await this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #open(): Promise<void> {
    this.#server = await startServer("control-plane", { folder: this.#folder });
    await this.#startControllers();
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#server[Symbol.asyncDispose]();
  }

  async #startControllers(): Promise<void> {
    const { api, client } = this.#server;
    const own = connectOwn(api, "federation");
    const controllers = createFederationControllers({
      client: own,
      controlPlaneId: await readControlPlaneId(client),
      nowMs: Date.now,
      onError: () => undefined,
      ...(this.#plan === undefined ? {} : { plan: this.#plan }),
      connect: (_cluster, { endpoint, caBundle }, token) => {
        const transport = createHttpTransport({
          server: endpoint,
          token,
          ...(caBundle === undefined ? {} : { caBundle }),
        });
        return createRestClient(transport, { userAgent: "cellplane" });
      },
    });
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#running = (async () => {
      await controllers.run(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      await own[Symbol.asyncDispose]();
    })();
  }
}

/** One in a process of its own: a crash is a SIGKILL. */
export class ChildControlPlane implements ControlPlane {
  readonly #server: TestServer;

  private constructor(server: TestServer) {
    this.#server = server;
  }

  /** Starts it with its data in a folder. */
  static async open(folder: string): Promise<ChildControlPlane> {
    const spec = { verb: "up", dataDir: folder, datastore: "sqlite" } as const;
    return new ChildControlPlane(await TestServer.start(spec));
  }

  get client(): RestClient {
    return this.#server.client;
  }

  crash(): Promise<void> {
    return this.#server.restart();
  }

  async restart(): Promise<void> {
    await this.#server.stop();
    await this.#server.restart();
  }

  async backUp(): Promise<void> {
    await this.#server.stop();
    await replace(this.#server.dataDir, backupOf(this.#server.dataDir));
    await this.#server.restart();
  }

  async restore(): Promise<void> {
    await this.#server.crash();
    await replace(backupOf(this.#server.dataDir), this.#server.dataDir);
    await this.#server.restart();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

function backupOf(folder: string): string {
  return `${folder}-backup`;
}

async function replace(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true });
}
