import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStatus } from "@cellplane/apimachinery";
import { abortableDelay, type RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { StockApiServer } from "../e2e/stock-api-server.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { createRandom } from "../model/random.ts";
import { checkHistory } from "./check-history.ts";
import { runCompactions } from "./compactions.ts";
import { Ledger } from "./ledger.ts";
import { Lister } from "./lister.ts";
import { type LoadSubject, startSubject, type SubjectName } from "./load-subject.ts";
import { readAllPages } from "./read-all-pages.ts";
import { crds, makeThing, thingCrd, things } from "./thing.ts";
import { type LoadReport, tellLoad } from "./tell-load.ts";
import { StoreWatcher } from "./store-watcher.ts";
import { type Observer, Watcher } from "./watcher.ts";
import { Writer } from "./writer.ts";

/** How much load. */
export interface LoadSettings {
  readonly subject: SubjectName;
  /** How long it is under load, after its objects were made. */
  readonly seconds: number;
  readonly objects: number;
  readonly seed: number;
  readonly writers: number;
  readonly watchers: number;
}

/** What came of a run. */
export interface LoadResult {
  /** Broken promises; none where all is well. */
  readonly faults: readonly string[];
  readonly report: LoadReport;
}

const marker = "zz-the-end";
// A program that is killed is away for that long: enough for its clients to notice.
const awayMs = 1000;

/** Runs Kubernetes' own API server on a store under load, while the store and its database are killed. */
export async function runLoad(settings: LoadSettings): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-stock-load-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const subject = opened.use(await startSubject(settings.subject));
  const flags = ["--etcd-compaction-interval", "5s"];
  const stock = opened.use(await StockApiServer.start(folder, { etcdUrl: subject.url, flags }));
  const connect = async (): Promise<RestClient> => {
    const { connection } = await loadKubeconfig({ file: stock.kubeconfig });
    return opened.use(connectRestClient(connection, { userAgent: "load", timeoutMs: 30_000 }));
  };
  await serveThings(stock.client);
  return await new LoadRun(settings, { subject, connect }).run();
}

async function serveThings(client: RestClient): Promise<void> {
  await client.create(crds, thingCrd);
  await waitFor("the kind to be served", async () => {
    const path = "/apis/example.com/v1/things";
    return (await client.raw({ method: "GET", path })).status === 200 ? true : undefined;
  });
}

class LoadRun {
  readonly #settings: LoadSettings;
  readonly #subject: LoadSubject;
  readonly #connect: () => Promise<RestClient>;
  readonly #faults: string[] = [];
  readonly #ledger = new Ledger();
  readonly #stop = new AbortController();
  readonly #stopReaders = new AbortController();
  readonly #fault = (what: string): void => {
    this.#faults.push(what);
  };

  constructor(
    settings: LoadSettings,
    deps: { readonly subject: LoadSubject; readonly connect: () => Promise<RestClient> },
  ) {
    this.#settings = settings;
    this.#subject = deps.subject;
    this.#connect = deps.connect;
  }

  async run(): Promise<LoadResult> {
    try {
      return await this.#load();
    } finally {
      // Nobody goes on after a run that failed.
      this.#stop.abort();
      this.#stopReaders.abort();
    }
  }

  async #load(): Promise<LoadResult> {
    const { signal } = this.#stop;
    const watchers: readonly Observer[] = [
      new StoreWatcher(this.#subject.url, this.#fault),
      ...(await this.#repeat(
        this.#settings.watchers,
        (client) => new Watcher(client, this.#fault),
      )),
    ];
    const watching = watchers.map((watcher) => watcher.run(this.#stopReaders.signal));
    const [lister = new Lister(await this.#connect(), this.#fault)] = await this.#repeat(
      1,
      (client) => new Lister(client, this.#fault),
    );
    const writers = await this.#makeWriters();
    await Promise.all(writers.map((writer) => writer.fill(signal)));
    const filledMs = performance.now();
    const listing = lister.run(this.#stopReaders.signal);
    const compacting = runCompactions(this.#subject.url, signal);
    const writing = writers.map((writer) => writer.run(signal));
    const strikes = await this.#strike();
    this.#stop.abort();
    await Promise.all([...writing, compacting]);
    const loadedMs = performance.now() - filledMs;
    const final = await this.#settle(watchers);
    this.#stopReaders.abort();
    await Promise.all([...watching, listing]);
    const history = {
      ledger: this.#ledger,
      segments: watchers.flatMap(({ segments }) => segments),
      snapshots: [...lister.snapshots, final],
      final,
      beliefs: watchers.map(({ state }) => state),
    };
    const report = tellLoad({ history, watchers, lister, strikes, loadedMs, filledMs });
    return { faults: [...this.#faults, ...checkHistory(history)], report };
  }

  async #makeWriters(): Promise<readonly Writer[]> {
    const { writers, objects, seed } = this.#settings;
    const each = Math.ceil(objects / writers);
    return this.#repeat(writers, (client, i) => {
      const keys = Array.from({ length: each }, (_, n) => `t${i}-${String(n).padStart(5, "0")}`);
      const random = createRandom(seed + i);
      return new Writer(`w${i}`, keys, {
        client,
        ledger: this.#ledger,
        random,
        fault: this.#fault,
      });
    });
  }

  async #repeat<T>(
    count: number,
    make: (client: RestClient, i: number) => T,
  ): Promise<readonly T[]> {
    const clients = await Promise.all(Array.from({ length: count }, () => this.#connect()));
    return clients.map(make);
  }

  /** Lets everything that can happen happen, in turn, evenly over the time; tells how long each lasted. */
  async #strike(): Promise<readonly string[]> {
    const { seconds } = this.#settings;
    const { faults } = this.#subject;
    const rounds = Math.max(faults.length, Math.floor(seconds / 10));
    const gapMs = (seconds * 1000) / (rounds + 1);
    const never = new AbortController().signal;
    const told: string[] = [];
    for (let round = 0; round < rounds; round++) {
      await abortableDelay(gapMs, never);
      const fault = faults[round % faults.length];
      if (!fault) continue;
      const startedMs = performance.now();
      await fault.strike();
      await abortableDelay(awayMs, never);
      await fault.mend();
      told.push(`${fault.name} for ${Math.round(performance.now() - startedMs)} ms`);
    }
    await abortableDelay(gapMs, never);
    return told;
  }

  /** Writes a last object, waits until everybody has seen it, and takes it away again. */
  async #settle(watchers: readonly Observer[]): Promise<ReturnType<typeof readAllPages>> {
    const client = await this.#connect();
    const attempt = {
      key: marker,
      kind: "put",
      write: marker,
      startedMs: performance.now(),
    } as const;
    const created = await waitFor("the last write", async () => {
      try {
        return await client.create(things, makeThing(marker, marker));
      } catch (error) {
        // A try before this one came through.
        return isStatus(error, "AlreadyExists") ? client.get(things, marker) : undefined;
      }
    });
    const revision = Number(created.metadata?.resourceVersion);
    const endedMs = performance.now();
    this.#ledger.note({ ...attempt, outcome: "acknowledged", endedMs, revision });
    await waitFor("every watch to see the last write", async () =>
      watchers.every(({ state }) => state.has(marker)) ? true : undefined,
    );
    return waitFor("the last list", () => readAllPages(client, 500).catch(() => undefined));
  }
}
