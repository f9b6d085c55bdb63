import { createEtcdServer } from "@cellplane/etcd";
import type { MvccStore } from "@cellplane/kv";
import { createRandom } from "../../model/random.ts";
import { ClientView } from "../generate/client-view.ts";
import { everything } from "../generate/keys.ts";
import { Recorder } from "../record/recorder.ts";
import { nowUs } from "../record/records.ts";
import { toText } from "../record/text.ts";
import { RecordedWatch } from "./recorded-watch.ts";
import { pause, runClient } from "./run-client.ts";
import { runCollector, runWatcher, type WatcherParts } from "./run-watcher.ts";
import { StoreHolder } from "./store-holder.ts";
import type { FromWorker, ToWorker, WorkerPlan } from "./worker-messages.ts";

type ClientsPlan = Extract<WorkerPlan, { readonly role: "clients" }>;

const tell = (message: FromWorker): void => {
  process.send?.(message);
};

/** Serves etcd's API over a store until it is killed. */
async function host(plan: Extract<WorkerPlan, { readonly role: "host" }>): Promise<void> {
  const holder = await StoreHolder.open(plan.subject, plan.bug);
  const server = await createEtcdServer(holder.store, {
    clientUrls: ["http://127.0.0.1"],
    progressNotifyIntervalMs: 500,
    onError: (error) => process.stderr.write(`facade: ${String(error)}\n`),
  });
  const bound = await server.listen({ host: "127.0.0.1", port: plan.port });
  tell({ is: "ready", port: "port" in bound ? bound.port : 0 });
}

/** Clients and watchers in this process. */
class ClientsWorker {
  readonly #plan: ClientsPlan;
  readonly #holder: StoreHolder;
  readonly #recorder: Recorder;
  readonly #process: string;
  readonly #views: ClientView[] = [];
  readonly #clientsStop = new AbortController();
  readonly #watchersStop = new AbortController();
  #clients: readonly Promise<void>[] = [];
  #watchers: readonly Promise<void>[] = [];
  #answers = 0;
  #lastHead = Number.POSITIVE_INFINITY;

  constructor(plan: ClientsPlan, holder: StoreHolder) {
    this.#plan = plan;
    this.#holder = holder;
    this.#recorder = new Recorder(plan.file);
    this.#process = plan.subject.startsWith("http:") ? `wire-${plan.name}` : plan.name;
  }

  start(): void {
    const { seed, clients, watchers, collectFrom, compactLag } = this.#plan;
    const store = (): MvccStore => this.#holder.store;
    const abilities = { leases: store().leases !== undefined, compactLag };
    this.#clients = Array.from({ length: clients }, (_, i) => {
      const view = new ClientView(`${this.#plan.name}c${i}`);
      this.#views.push(view);
      const own = { store, process: this.#process, recorder: this.#recorder };
      const random = createRandom(seed + i);
      const onAnswer = (): void => void this.#answers++;
      return runClient({ ...own, random, view, abilities, onAnswer }, this.#clientsStop.signal);
    });
    const watching = Array.from({ length: watchers }, (_, i) =>
      runWatcher(this.#parts(`w${i}`, seed + 1000 + i), this.#watchersStop.signal),
    );
    const onReached = (revision: number): void => tell({ is: "collected", revision });
    const collecting =
      collectFrom === undefined
        ? []
        : [
            runCollector(
              { ...this.#parts("all", seed), from: collectFrom, onReached },
              this.#watchersStop.signal,
            ),
          ];
    this.#watchers = [...watching, ...collecting];
    setInterval(() => {
      tell({ is: "answers", count: this.#answers });
      this.#answers = 0;
    }, 100).unref();
    tell({ is: "ready", port: 0 });
  }

  async obey(message: ToWorker): Promise<void> {
    switch (message.do) {
      case "collected":
        for (const view of this.#views) view.collected = message.revision;
        break;
      case "reopen":
        await this.#holder.reopen();
        break;
      case "quiesce":
        this.#clientsStop.abort();
        await Promise.all(this.#clients);
        tell({ is: "answers", count: this.#answers });
        tell({ is: "quiet", head: await patiently(() => this.#holder.store.headRevision()) });
        break;
      case "drain":
        this.#lastHead = message.head;
        this.#watchersStop.abort();
        await Promise.all(this.#watchers);
        tell({ is: "drained" });
        break;
      case "finish":
        await this.#finish();
        tell({ is: "finished" });
        break;
    }
  }

  #parts(name: string, seed: number): WatcherParts {
    const latest = (of: (view: ClientView) => number): number =>
      Math.max(0, ...this.#views.map(of));
    return {
      name: `${this.#plan.name}${name}`,
      store: () => this.#holder.store,
      process: this.#process,
      random: createRandom(seed),
      recorder: this.#recorder,
      known: () => ({
        head: latest(({ head }) => head),
        compacted: latest(({ compacted }) => compacted),
      }),
      lastHead: () => this.#lastHead,
    };
  }

  /** What the store holds when it is opened anew, and the history that it still has. */
  async #finish(): Promise<void> {
    if (this.#plan.subject !== "memory") await this.#holder.reopen();
    const { store } = this.#holder;
    const result = toText(
      await patiently(() => store.range({ key: Buffer.of(0), end: Buffer.of(0) })),
    );
    const { compacted } = this.#parts("", 0).known();
    const request = { ...everything, startRevision: Math.max(2, compacted), previous: true };
    const named = { id: `${this.#plan.name}again`, process: this.#process, request };
    await new RecordedWatch(store, named, this.#recorder).drain(result.revision);
    this.#recorder.record({ t: "final", at: nowUs(), result, compacted });
    await this.#holder[Symbol.asyncDispose]();
    this.#recorder[Symbol.dispose]();
  }
}

async function patiently<T>(act: () => Promise<T> | T): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt > 300) throw error;
      await pause(100);
    }
  }
}

async function main(plan: WorkerPlan): Promise<void> {
  if (plan.role === "host") return host(plan);
  const worker = new ClientsWorker(plan, await StoreHolder.open(plan.subject, plan.bug));
  process.on("message", (message: ToWorker) => {
    worker.obey(message).catch(fail);
  });
  worker.start();
}

function fail(error: unknown): void {
  tell({
    is: "failed",
    why: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}

const [plan] = process.argv.slice(2);
// Nobody is left to run for.
process.on("disconnect", () => process.exit(0));
if (plan !== undefined) await main(JSON.parse(plan) as WorkerPlan).catch(fail);
