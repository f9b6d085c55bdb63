import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { parentPort, Worker, workerData } from "node:worker_threads";

const role = "cellplane-black-hole";

/** An address on loopback that never answers: its queue is full, and nobody takes from it. */
export class BlackHole implements AsyncDisposable {
  readonly port: number;
  readonly #worker: Worker;
  readonly #fillers: readonly Socket[];

  private constructor(port: number, worker: Worker, fillers: readonly Socket[]) {
    this.port = port;
    this.#worker = worker;
    this.#fillers = fillers;
  }

  static async open(): Promise<BlackHole> {
    const worker = new Worker(new URL(import.meta.url), { workerData: role });
    const [port] = (await once(worker, "message")) as [number];
    // Linux queues one more than the backlog says.
    const fillers = [await fill(port), await fill(port)];
    return new BlackHole(port, worker, fillers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#fillers) socket.destroy();
    await this.#worker.terminate();
  }
}

async function fill(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Listens, and then stands still for ever, so that nothing is accepted. */
function standStill(): void {
  const server = createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 });
  server.once("listening", () => {
    parentPort?.postMessage((server.address() as AddressInfo).port, []);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}

if (workerData === role) standStill();
