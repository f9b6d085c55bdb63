import { performance } from "node:perf_hooks";
import type { MvccStore, TxnRequest } from "../../packages/kv/src/index.ts";

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Busy time of the main thread's event loop for each, in microseconds. */
  readonly cpuMicros: number;
}

const value = Buffer.alloc(2048, "x");

/** Keys as an API server has them. */
function keyOf(i: number): Buffer {
  return Buffer.from(`/registry/configmaps/namespace-${i % 50}/object-${i}`);
}

/** What an API server sends to update an object that it has at a revision. */
export function updateOf(key: Buffer, modRevision: number): TxnRequest {
  return {
    compare: [{ key, target: "mod", result: "equal", operand: modRevision }],
    success: [{ kind: "put", key, value }],
    failure: [{ kind: "range", key }],
  };
}

/** Conditional updates, each client on keys of its own. */
export async function measureWrites(
  store: MvccStore,
  { clients, ms }: { readonly clients: number; readonly ms: number },
): Promise<Figure> {
  const end = performance.now() + ms;
  return measure(`conditional puts, ${clients} clients`, async (note) => {
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        const key = keyOf(client);
        let revision = (await store.range({ key })).kvs[0]?.modRevision ?? 0;
        while (performance.now() < end) {
          const start = performance.now();
          ({ revision } = await store.txn(updateOf(key, revision)));
          note(performance.now() - start);
        }
      }),
    );
  });
}

/** Reads of one key, of an absent key, and pages of 500 from 20,000 keys. */
export async function measureReads(store: MvccStore, ms: number): Promise<readonly Figure[]> {
  const keys = 20_000;
  for (let i = 0; i < keys; i += 100) {
    const batch = Array.from({ length: 100 }, (_, n) => keyOf(i + n));
    const success = batch.map((key) => ({ kind: "put" as const, key, value }));
    await store.txn({ compare: [], success, failure: [] });
  }
  const from = Buffer.from("/registry/configmaps/");
  const end = Buffer.from("/registry/configmaps0");
  let i = 0;
  return [
    await measureLoop("get", ms, () => store.range({ key: keyOf((i += 7919) % keys) })),
    await measureLoop("get of an absent key", ms, () => store.range({ key: end })),
    await measureLoop("count of 20,000", ms, () =>
      store.range({ key: from, end, countOnly: true }),
    ),
    await measureLoop("list, page of 500", ms, () => store.range({ key: from, end, limit: 500 })),
    await measureLoop("list of 20,000", ms, () => store.range({ key: from, end })),
  ];
}

/** Events handed to watchers of one range, while one client writes. */
export async function measureFanOut(
  store: MvccStore,
  { watchers, ms }: { readonly watchers: number; readonly ms: number },
): Promise<Figure> {
  let events = 0;
  const listener = {
    onBatch: (batch: { readonly events: readonly unknown[] }) => {
      events += batch.events.length;
    },
    onEnd() {},
  };
  const range = { key: Buffer.from("/registry/"), end: Buffer.from("/registry0"), previous: true };
  const open = Array.from({ length: watchers }, () => store.watch(range, listener));
  const writes = await measureWrites(store, { clients: 64, ms });
  for (const watch of open) watch.close();
  const perWrite = events / (writes.perSecond * (ms / 1000));
  return {
    ...writes,
    what: `events to ${watchers} watchers, 64 clients`,
    perSecond: writes.perSecond * perWrite,
    cpuMicros: writes.cpuMicros / perWrite,
  };
}

async function measureLoop(
  what: string,
  ms: number,
  once: () => Promise<unknown>,
): Promise<Figure> {
  const end = performance.now() + ms;
  return measure(what, async (note) => {
    while (performance.now() < end) {
      const start = performance.now();
      await once();
      note(performance.now() - start);
    }
  });
}

/** Runs something that notes the time of each of its parts. */
export async function measure(
  what: string,
  run: (note: (ms: number) => void) => Promise<void>,
): Promise<Figure> {
  const times: number[] = [];
  const start = performance.now();
  const cpu = process.threadCpuUsage();
  await run((ms) => times.push(ms));
  const { user, system } = process.threadCpuUsage(cpu);
  const seconds = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? 0;
  return {
    what,
    perSecond: times.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMicros: (user + system) / times.length,
  };
}
