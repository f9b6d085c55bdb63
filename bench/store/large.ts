/**
 * Measures stores that hold many keys: `node bench/store/large.ts [--subjects "etcd,facade sqlite"]
 * [--keys 1000000] [--seconds 3] [--folder DIR] [--json FILE]`. 1 KiB values in 100 namespaces.
 * One store after another, each with the disk and the memory to itself; memory is that of its
 * servers after the fill, and after a compaction.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { describeMachine, formatMachine } from "../support/machine.ts";
import { percentile } from "../support/percentile.ts";
import { readUsage } from "../support/usage.ts";
import { type Subject, SubjectOpener, subjectNames } from "./subjects.ts";

/** What one store with many keys did. */
interface LargeFigures {
  readonly subject: string;
  readonly keys: number;
  readonly fillPerSecond: number;
  readonly rssMib: number;
  /** Milliseconds, median and slowest of ten. */
  readonly list: readonly [number, number];
  readonly page: readonly [number, number];
  readonly count: readonly [number, number];
  /** Conditional updates of 16 clients: a second, and the slowest of a hundred in milliseconds. */
  readonly updates: readonly [number, number];
  readonly updatesWhileCompacting: readonly [number, number];
  readonly rssAfterMib: number;
}

const { values: options } = parseArgs({
  options: {
    subjects: { type: "string", default: "etcd,facade sqlite,facade mariadb" },
    keys: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "3" },
    folder: { type: "string" },
    json: { type: "string" },
  },
});
const value = Buffer.alloc(1024, "v");
const ms = Number(options.seconds) * 1000;

const keyOf = (i: number): Buffer =>
  Buffer.from(`/registry/widgets/namespace-${i % 100}/object-${String(i).padStart(7, "0")}`);

async function measureLarge(subject: Subject, keys: number): Promise<LargeFigures> {
  const { client } = subject;
  const pids = subject.pids.length === 0 ? [process.pid] : subject.pids;
  const rssMib = (): number => readUsage(pids).rssBytes / 2 ** 20;
  const started = performance.now();
  const part = 20_000;
  for (let i = 0; i < keys; i += part) {
    const length = Math.min(part, keys - i);
    await client.fill(
      Array.from({ length }, (_, n) => keyOf(i + n)),
      value,
    );
  }
  const fillPerSecond = keys / ((performance.now() - started) / 1000);
  const filledMib = rssMib();
  const list = await tenTimes(() => client.list("/registry/widgets/namespace-7/", 0));
  const page = await tenTimes(() => client.list("/registry/widgets/", 500));
  const count = await tenTimes(() => client.count("/registry/widgets/"));
  const updates = await update(subject, keys);
  const compacting = client.compact?.(await client.head());
  const updatesWhileCompacting = await update(subject, keys);
  await compacting;
  return {
    subject: subject.name,
    keys,
    fillPerSecond,
    rssMib: filledMib,
    list,
    page,
    count,
    updates,
    updatesWhileCompacting,
    rssAfterMib: rssMib(),
  };
}

async function tenTimes(once: () => Promise<unknown>): Promise<readonly [number, number]> {
  const times: number[] = [];
  for (let i = 0; i < 10; i++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  return [percentile(times, 0.5), Math.max(...times)];
}

/** Each client updates keys of its own, here and there in the whole table. */
async function update({ client }: Subject, keys: number): Promise<readonly [number, number]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  const one = async (id: number): Promise<void> => {
    for (let turn = 0; performance.now() < end; turn++) {
      const key = keyOf((id + 16 * ((turn * 7919) % Math.floor(keys / 16))) % keys);
      const revision = await client.get(key);
      const start = performance.now();
      await client.update(key, value, revision);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, id) => one(id)));
  return [times.length / (ms / 1000), percentile(times, 0.99)];
}

function print(figures: LargeFigures): void {
  const pair = ([median, most]: readonly [number, number]): string =>
    `${median.toFixed(1)} (at most ${most.toFixed(0)}) ms`;
  const writes = ([perSecond, p99]: readonly [number, number]): string =>
    `${Math.round(perSecond)}/s, p99 ${p99.toFixed(0)} ms`;
  console.log(`${figures.subject}, ${figures.keys} keys
  filled at ${Math.round(figures.fillPerSecond)}/s; memory ${Math.round(figures.rssMib)} MiB, at the end ${Math.round(figures.rssAfterMib)} MiB
  list of ${figures.keys / 100}: ${pair(figures.list)}; page of 500: ${pair(figures.page)}; count of all: ${pair(figures.count)}
  updates of 16 clients: ${writes(figures.updates)}; while it compacts: ${writes(figures.updatesWhileCompacting)}`);
}

const all: LargeFigures[] = [];
console.log(formatMachine(describeMachine()));
for (const wanted of options.subjects.split(",")) {
  const name = subjectNames.find((known) => known === wanted);
  if (name === undefined) throw new Error(`Cannot measure "${wanted}"`);
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), "cellplane-bench-"));
  try {
    await using opened = new AsyncDisposableStack();
    const subject = await new SubjectOpener(folder, opened).open(name);
    const figures = await measureLarge(subject, Number(options.keys));
    all.push(figures);
    print(figures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ machine: describeMachine(), figures: all })}\n`);
}
