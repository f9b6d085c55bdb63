import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { findFreePorts, findPeer } from "../../e2e/peers.ts";
import { pause } from "./run-client.ts";

const readyWithinMs = 60_000;

/** A real etcd on loopback that can be killed and started again on its data. */
export class EtcdServer implements AsyncDisposable {
  readonly port: number;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  static async start(folder: string): Promise<EtcdServer> {
    const [clientPort = 0, peerPort = 0] = await findFreePorts(2);
    const [client, peer] = [clientPort, peerPort].map((port) => `http://127.0.0.1:${port}`);
    const server = new EtcdServer(
      clientPort,
      [
        ["--data-dir", folder],
        ["--listen-client-urls", `${client}`, "--advertise-client-urls", `${client}`],
        ["--listen-peer-urls", `${peer}`, "--initial-advertise-peer-urls", `${peer}`],
        ["--initial-cluster", `default=${peer}`],
        // So that much of what is kept only by the log is replayed after a kill.
        ["--snapshot-count", "1000"],
      ].flat(),
    );
    await server.run();
    return server;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async run(): Promise<void> {
    this.#process = spawn(findPeer("etcd"), [...this.#args], { stdio: "ignore" });
    const deadline = performance.now() + readyWithinMs;
    while (!(await answers(this.port))) {
      if (performance.now() > deadline) throw new Error("etcd did not start");
      await pause(50);
    }
  }

  async kill(): Promise<void> {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, "exit");
    process.kill("SIGKILL");
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
