import type { FromWorker, ToWorker, WorkerPlan } from "./worker-messages.ts";
import { WorkerProcess } from "./worker-process.ts";

/** A place for a worker, in which one follows the other when they are killed. */
export class WorkerSlot implements AsyncDisposable {
  readonly role: WorkerPlan["role"];
  readonly #planOf: (incarnation: number) => WorkerPlan;
  readonly #onMessage: (message: FromWorker) => void;
  #incarnation = 0;
  #worker: WorkerProcess;
  #ready: Promise<number>;

  constructor(
    planOf: (incarnation: number) => WorkerPlan,
    onMessage: (message: FromWorker) => void,
  ) {
    this.#planOf = planOf;
    this.#onMessage = onMessage;
    const plan = planOf(0);
    this.role = plan.role;
    [this.#worker, this.#ready] = this.#start(plan);
  }

  /** Resolves when the present worker works; tells the port of a host. */
  get ready(): Promise<number> {
    return this.#ready;
  }

  tell(message: ToWorker): void {
    this.#worker.tell(message);
  }

  async ask<Is extends FromWorker["is"]>(
    message: ToWorker,
    is: Is,
  ): Promise<Extract<FromWorker, { readonly is: Is }>> {
    const answer = this.#worker.next(is);
    this.#worker.tell(message);
    return answer;
  }

  /** Kills the worker and starts the next one. */
  async restart(): Promise<void> {
    await this.#worker.kill();
    [this.#worker, this.#ready] = this.#start(this.#planOf(++this.#incarnation));
    await this.#ready;
  }

  stop(): void {
    this.#worker.signal("SIGSTOP");
  }

  goOn(): void {
    this.#worker.signal("SIGCONT");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#worker.kill();
  }

  #start(plan: WorkerPlan): [WorkerProcess, Promise<number>] {
    const worker = new WorkerProcess(plan, this.#onMessage);
    const ready = worker.next("ready").then(({ port }) => port);
    // Whoever waits is told; nobody may wait just now.
    ready.catch(() => undefined);
    return [worker, ready];
  }
}
