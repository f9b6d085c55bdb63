import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

/** A part of the bench in a process of its own. */
export interface Part {
  readonly pid: number;
  readonly port: number;
  readonly process: ChildProcess;
}

/** Starts parts, and ends them with itself. */
export class Processes implements AsyncDisposable {
  readonly #children = new Set<ChildProcess>();

  /** `CELLPLANE_BENCH_NODE` holds further options of Node. */
  async start(role: string, config: object): Promise<Part> {
    const file = fileURLToPath(new URL(`roles/${role}.ts`, import.meta.url));
    const execArgv = process.env["CELLPLANE_BENCH_NODE"]?.split(" ") ?? [];
    const child = fork(file, { execArgv });
    this.#children.add(child);
    child.send(config);
    const [answer] = (await Promise.race([once(child, "message"), failAtExit(child, role)])) as [
      { readonly port: number },
    ];
    return { pid: child.pid ?? 0, port: answer.port, process: child };
  }

  /** Ends a part as a crash would. */
  async kill({ process: child }: Part): Promise<void> {
    this.#children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ending = [...this.#children].map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    });
    await Promise.all(ending);
  }
}

/** A port that is free just now. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function failAtExit(child: ChildProcess, role: string): Promise<never> {
  const [code] = (await once(child, "exit")) as [number | null];
  throw new Error(`Cannot start the part "${role}": it ended with ${code}`);
}
