import type { H2Pool } from "../support/h2-pool.ts";
import { type Figure, measure } from "./measure.ts";
import { listLength, type Subject } from "./subject.ts";
import { WatcherCrowd } from "./watcher-crowd.ts";

/** What is measured, and how long each time. */
export interface Bench {
  readonly pids: readonly number[];
  readonly pool: H2Pool;
  readonly subject: Subject;
  readonly ms: number;
}

const warmUpPart = 1;

/** One case. */
export interface Case {
  readonly title: string;
  readonly run: (bench: Bench) => Promise<Figure>;
}

/** All cases in order; reads run over 1,000 objects. */
export const cases: readonly Case[] = [
  { title: "get", run: measureGets },
  { title: "list", run: measureLists },
  { title: "create", run: measureCreates },
  { title: "update", run: measureUpdates },
  { title: "apply", run: measureApplies },
  { title: "watch by 100", run: (bench) => measureFanOut(bench, 100) },
  { title: "watch by 1,000", run: (bench) => measureFanOut(bench, 1000) },
];

/** Creates the 1,000 objects that the reads find. */
export async function fill({ pool, subject }: Bench): Promise<void> {
  const names = Array.from({ length: listLength }, (_, i) => `object-${i}`);
  const runWorker = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await pool.request(post(subject, subject.collection, name));
    }
  };
  await Promise.all(Array.from({ length: 16 }, runWorker));
}

function measureGets(bench: Bench): Promise<Figure> {
  let i = 0;
  return run(bench, "get x64", 64, async () => {
    const path = `${bench.subject.collection}/object-${(i += 7) % listLength}`;
    await bench.pool.request({ method: "GET", path });
  });
}

function measureLists(bench: Bench): Promise<Figure> {
  return run(bench, "list of 1,000 x4", 4, async () => {
    await bench.pool.request({ method: "GET", path: bench.subject.collection });
  });
}

async function measureCreates(bench: Bench): Promise<Figure> {
  const { pool, subject } = bench;
  // In a namespace of their own, so that the list stays as long as it is.
  const collection = subject.collection.replace("/bench/", "/bench-created/");
  let i = 0;
  return run(bench, "create x64", 64, async () => {
    await pool.request(post(subject, collection, `created-${i++}`));
  });
}

function measureUpdates(bench: Bench): Promise<Figure> {
  const update = createUpdater(bench);
  return run(bench, "update x16", 16, (worker) => update(`object-${worker}`));
}

async function measureApplies(bench: Bench): Promise<Figure> {
  let turn = 0;
  return run(bench, "server-side apply x16", 16, async (worker) => {
    const name = `applied-${worker}`;
    await bench.pool.request({
      method: "PATCH",
      path: `${bench.subject.collection}/${name}?fieldManager=bench&force=true`,
      contentType: "application/apply-patch+yaml",
      body: bench.subject.object(name, turn++),
    });
  });
}

async function measureFanOut(bench: Bench, watchers: number): Promise<Figure> {
  const update = createUpdater(bench);
  const crowd = await WatcherCrowd.open(bench, watchers);
  const load = {
    what: `event to ${watchers.toLocaleString("en")} watchers`,
    workers: 1,
    warmUpMs: bench.ms * warmUpPart,
    ms: bench.ms,
    operationsPerCall: watchers,
  };
  const figure = await measure(bench.pids, load, async () => {
    const delivered = crowd.next();
    await update("object-0");
    await delivered;
  });
  crowd.close();
  return figure;
}

/** Updates an object at the revision that the last update gave it. */
function createUpdater({ pool, subject }: Bench): (name: string) => Promise<void> {
  const revisions = new Map<string, string>();
  let turn = 0;
  return async (name) => {
    const path = `${subject.collection}/${name}`;
    const last = revisions.get(name) ?? revisionOf(await pool.request({ method: "GET", path }));
    const body = subject.object(name, turn++, last);
    const answer = await pool.request({
      method: "PUT",
      path,
      contentType: "application/json",
      body,
    });
    revisions.set(name, revisionOf(answer));
  };
}

function run(
  { pids, ms }: Bench,
  what: string,
  workers: number,
  call: (worker: number) => Promise<void>,
): Promise<Figure> {
  return measure(pids, { what, workers, warmUpMs: ms * warmUpPart, ms }, call);
}

function post(
  subject: Subject,
  path: string,
  name: string,
): { method: string; path: string; contentType: string; body: string } {
  const body = inNamespaceOf(path, subject.object(name, 0));
  return { method: "POST", path, contentType: "application/json", body };
}

function inNamespaceOf(path: string, object: string): string {
  const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1] ?? "bench";
  return object.replace('"namespace":"bench"', `"namespace":"${namespace}"`);
}

function revisionOf(answer: Buffer): string {
  const key = '"resourceVersion":"';
  const from = answer.indexOf(key) + key.length;
  return answer.toString("latin1", from, answer.indexOf(0x22, from));
}
