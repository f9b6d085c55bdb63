import { join } from "node:path";
import type { FaultyWorker } from "../faults/inject-faults.ts";
import type { Backend } from "./backend.ts";
import type { Subject } from "./open-subject.ts";
import { pause } from "./run-client.ts";
import type { RunOptions } from "./run-history.ts";
import type { FromWorker } from "./worker-messages.ts";
import { WorkerSlot } from "./worker-slot.ts";

/** How near to the head history is compacted, in revisions. */
const compactLag = 300;

/** The workers of a run. */
export class Team implements AsyncDisposable {
  readonly #options: RunOptions;
  readonly #backend: Backend;
  readonly #hosts: WorkerSlot[] = [];
  readonly #clients: WorkerSlot[] = [];
  #collector: WorkerSlot | undefined;
  #collected = 1;
  #failure: Error | undefined;
  readonly files: string[] = [];
  /** How many answers clients have had. */
  answers = 0;

  constructor(options: RunOptions, backend: Backend) {
    this.#options = options;
    this.#backend = backend;
  }

  /** Starts servers of the facade, and tells their ports. */
  async startHosts(count: number): Promise<readonly number[]> {
    const { subject } = this.#backend;
    const { bug } = this.#options;
    const ports: number[] = [];
    for (let i = 0; i < count; i++) {
      const slot = new WorkerSlot(
        () => ({ role: "host", subject, port: ports[i] ?? 0, ...(bug ? { bug } : {}) }),
        (message) => this.#take(message),
      );
      this.#hosts.push(slot);
      ports.push(await slot.ready);
    }
    return ports;
  }

  /** Starts the clients: in one process where only one can have the store open, else in several and a collector. */
  async startClients(fronts: readonly Subject[] | undefined): Promise<void> {
    const { processes, clients } = this.#options;
    const isAlone = !fronts && !this.#backend.isForMany;
    const count = isAlone ? 1 : processes;
    const subjects = fronts ?? [this.#backend.subject];
    for (let i = 0; i < count; i++) {
      const subject = subjects[i % subjects.length] ?? "";
      const share = { clients: Math.ceil(clients / count), watchers: isAlone ? 6 : 3 };
      this.#clients.push(this.#openClients(`p${i}`, subject, { ...share, collects: isAlone }));
    }
    const [subject = ""] = subjects;
    this.#collector = isAlone
      ? this.#clients[0]
      : this.#openClients("all", subject, { clients: 0, watchers: 1, collects: true });
    await Promise.all(this.#all().map(({ ready }) => ready));
  }

  /** The workers that faults may hit: never the collector, unless there is no other. */
  get targets(): {
    readonly killable: readonly FaultyWorker[];
    readonly freezable: readonly FaultyWorker[];
    readonly reopenable: readonly FaultyWorker[];
  } {
    const all = [...this.#hosts, ...this.#clients].map((slot) => ({
      restart: () => slot.restart(),
      stop: () => slot.stop(),
      goOn: () => slot.goOn(),
      reopen: () => slot.tell({ do: "reopen" }),
    }));
    const { isDurable } = this.#backend;
    return {
      killable: isDurable ? all : [],
      freezable: all,
      reopenable: isDurable && this.#hosts.length === 0 ? all : [],
    };
  }

  /** Waits until clients have had so many more answers, or it is over. */
  async moves(answers: number, isOver: () => boolean): Promise<void> {
    const before = this.answers;
    while (this.answers < before + answers && !isOver()) await this.rest();
  }

  /** Lets the workers work for a moment. @throws {Error} One of them has failed. */
  async rest(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await pause(20);
  }

  /** Has the clients end, the watches drained, and everything read once more. */
  async finish(): Promise<void> {
    const collector = this.#collector;
    if (!collector) throw new Error("Cannot finish as nothing was started");
    await Promise.all(this.#all().map(({ ready }) => ready));
    const workers = [...new Set([...this.#clients, collector])];
    const quiet = await Promise.all(workers.map((slot) => slot.ask({ do: "quiesce" }, "quiet")));
    const head = Math.max(...quiet.map((message) => message.head));
    await Promise.all(workers.map((slot) => slot.ask({ do: "drain", head }, "drained")));
    await collector.ask({ do: "finish" }, "finished");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all().map((slot) => slot[Symbol.asyncDispose]()));
  }

  #all(): readonly WorkerSlot[] {
    const collector = this.#collector ? [this.#collector] : [];
    return [...new Set([...this.#hosts, ...this.#clients, ...collector])];
  }

  #openClients(
    place: string,
    subject: Subject,
    share: { readonly clients: number; readonly watchers: number; readonly collects: boolean },
  ): WorkerSlot {
    const { seed, folder, bug } = this.#options;
    return new WorkerSlot(
      (incarnation) => {
        const name = `${place}i${incarnation}`;
        const file = join(folder, `${name}.jsonl`);
        this.files.push(file);
        return {
          role: "clients",
          subject,
          name,
          file,
          seed: seed * 7919 + incarnation * 104_729 + this.files.length * 31_337,
          clients: share.clients,
          watchers: share.watchers,
          compactLag,
          ...(share.collects ? { collectFrom: this.#collected + 1 } : {}),
          // Behind a facade it is the host that has the fault.
          ...(bug && this.#hosts.length === 0 ? { bug } : {}),
        };
      },
      (message) => this.#take(message),
    );
  }

  #take(message: FromWorker): void {
    if (message.is === "answers") this.answers += message.count;
    if (message.is === "failed") this.#failure ??= new Error(message.why);
    if (message.is !== "collected" || message.revision <= this.#collected) return;
    this.#collected = message.revision;
    for (const slot of this.#clients) slot.tell({ do: "collected", revision: message.revision });
  }
}
