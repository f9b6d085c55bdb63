import { performance } from "node:perf_hooks";
import { percentile } from "../support/percentile.ts";
import { readUsage } from "../support/usage.ts";
import type { Subject } from "./subjects.ts";

/** One measurement of one store. */
export interface Figure {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the servers alone, for each operation; for a store in the bench's own process that process's. */
  readonly cpuMicros: number;
  /** Of the bench's own process, for each operation. */
  readonly clientMicros: number;
}

/** What one client does again and again; `turn` counts from 0. */
export type Work = (client: number, turn: number) => Promise<unknown>;

/** Something to measure. */
export interface Workload {
  readonly name: string;
  /** Stores that cannot do it, by their first word. */
  readonly without?: readonly string[];
  run(subject: Subject, ms: number): Promise<Figure>;
}

const value = Buffer.alloc(1024, "v");

/** Keys of the table that is read: 10 namespaces among which they are spread evenly. */
export function keyOf(i: number): Buffer {
  return Buffer.from(
    `/registry/configmaps/namespace-${i % 10}/object-${String(i).padStart(7, "0")}`,
  );
}

/** The keys that all reads go to, so that stores are equal when the reads begin. */
export async function fillTable({ client }: Subject, keys: number): Promise<void> {
  const all = Array.from({ length: keys }, (_, i) => keyOf(i));
  const part = 10_000;
  for (let i = 0; i < keys; i += part) await client.fill(all.slice(i, i + part), value);
}

/** All workloads over a table of so many keys. */
export function workloadsOf(keys: number): readonly Workload[] {
  const inTable = "/registry/configmaps/";
  return [
    ...[1, 16, 64].map((clients) => updates(clients)),
    ...[1, 16, 64].map((clients) => puts(clients)),
    ...[1, 16, 64].map((clients) =>
      loop(`get, ${clients}`, clients, (subject) => (client, turn) => {
        return subject.client.get(keyOf((client * 7919 + turn * 104_729) % keys));
      }),
    ),
    loop(
      "page of 500, 1",
      1,
      ({ client }) =>
        () =>
          client.list(inTable, 500),
    ),
    loop(
      "page of 500, 16",
      16,
      ({ client }) =>
        () =>
          client.list(inTable, 500),
    ),
    loop(
      "count, 1",
      1,
      ({ client }) =>
        () =>
          client.count(inTable),
    ),
    loop(
      `list of ${keys / 10}, 1`,
      1,
      ({ client }) =>
        () =>
          client.list(`${inTable}namespace-3/`, 0),
    ),
    watchLatency,
    fanOut(16),
    fanOut(64),
  ];
}

function updates(clients: number): Workload {
  return loop(`conditional update, ${clients}`, clients, ({ client }) => {
    const revisions: (number | undefined)[] = [];
    return async (id) => {
      const key = Buffer.from(`/registry/leases/kube-node-lease/node-${id}`);
      const revision = revisions[id] ?? (await client.get(key));
      revisions[id] = await client.update(key, value, revision);
    };
  });
}

function puts(clients: number): Workload {
  return loop(`put, ${clients}`, clients, ({ client }) => (id, turn) => {
    return client.put(Buffer.from(`/registry/events/default/event-${id}-${turn % 100}`), value);
  });
}

/** From the call of a write to its event, with nothing else going on. */
const watchLatency: Workload = {
  name: "write to event, 1",
  without: ["kine"],
  async run(subject, ms) {
    const { client } = subject;
    let arrived: PromiseWithResolvers<void> = Promise.withResolvers();
    const watch = await client.watch?.("/registry/pods/", () => arrived.resolve());
    const key = Buffer.from("/registry/pods/default/pod");
    let revision = await client.get(key);
    const once = async (): Promise<void> => {
      arrived = Promise.withResolvers();
      const written = client.update(key, value, revision);
      await arrived.promise;
      revision = await written;
    };
    const figure = await measure(subject, async (note) => timed(ms, note, once));
    watch?.close();
    return figure;
  },
};

/** Events handed to watchers of one prefix while 16 clients write: events a second; times are those of the writes. */
function fanOut(watchers: number): Workload {
  return {
    name: `events to ${watchers} watchers, 16`,
    without: ["kine"],
    async run(subject, ms) {
      let events = 0;
      const open = [];
      for (let i = 0; i < watchers; i++) {
        open.push(await subject.client.watch?.("/registry/leases/", () => events++));
      }
      const start = performance.now();
      const figure = await updates(16).run(subject, ms);
      const perSecond = events / ((performance.now() - start) / 1000);
      for (const watch of open) watch?.close();
      const share = figure.perSecond / perSecond;
      const { cpuMicros, clientMicros } = figure;
      return {
        ...figure,
        perSecond,
        cpuMicros: cpuMicros * share,
        clientMicros: clientMicros * share,
      };
    },
  };
}

function loop(name: string, clients: number, workOf: (subject: Subject) => Work): Workload {
  return {
    name,
    async run(subject, ms) {
      const work = workOf(subject);
      for (let client = 0; client < clients; client++) await work(client, 0);
      return measure(subject, async (note) => {
        const once = (client: number) => timed(ms, note, (turn) => work(client, turn + 1));
        await Promise.all(Array.from({ length: clients }, (_, client) => once(client)));
      });
    },
  };
}

async function timed(
  ms: number,
  note: (ms: number) => void,
  once: (turn: number) => Promise<unknown>,
): Promise<void> {
  const end = performance.now() + ms;
  for (let turn = 0; performance.now() < end; turn++) {
    const start = performance.now();
    await once(turn);
    note(performance.now() - start);
  }
}

async function measure(
  { pids }: Subject,
  run: (note: (ms: number) => void) => Promise<void>,
): Promise<Figure> {
  const processes = pids.length === 0 ? [process.pid] : pids;
  const times: number[] = [];
  const before = readUsage(processes).cpuMicros;
  const own = process.cpuUsage();
  const start = performance.now();
  await run((ms) => times.push(ms));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(own);
  const perOperation = 1 / Math.max(1, times.length);
  return {
    perSecond: times.length / seconds,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    cpuMicros: (readUsage(processes).cpuMicros - before) * perOperation,
    clientMicros: (user + system) * perOperation,
  };
}
