/**
 * Measures the stores side by side in one run: `node bench/store/main.ts [secondsPerCase]`.
 * A database joins in where CELLPLANE_BENCH_MYSQL holds the URL of an empty one.
 * Figures of different runs are not comparable; the ratios of one run are.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import {
  openMemoryStore,
  openMysqlStore,
  openSqliteStore,
  type MvccStore,
} from "../../packages/kv/src/index.ts";
import { measureFanOut, measureReads, measureWrites, type Figure } from "./measure.ts";
import { measureSingleCommits } from "./single-commits.ts";

const ms = Number(process.argv[2] ?? 1) * 1000;
const directory = mkdtempSync(join(tmpdir(), "cellplane-bench-"));

const mysqlUrl = process.env["CELLPLANE_BENCH_MYSQL"];

/** Stores to measure, in order. */
const stores: Readonly<Record<string, () => Promise<MvccStore>>> = {
  memory: () => openMemoryStore(),
  "sqlite, writer in a thread": () => openSqliteStore({ path: join(directory, "a", "store.db") }),
  "sqlite, writer inline": () =>
    openSqliteStore({ path: join(directory, "b", "store.db"), writer: "inline" }),
  ...(mysqlUrl === undefined ? {} : { database: () => openMysqlStore(mysqlUrl) }),
};

async function main(): Promise<void> {
  const [cpu] = cpus();
  console.log(`${cpu?.model.trim()} x ${cpus().length}, Linux ${release()}`);
  console.log(`Node ${process.version}, SQLite ${process.versions["sqlite"]}, 2 KB values`);
  for (const [name, open] of Object.entries(stores)) {
    await using store = await open();
    await report(name, measureWrites(store, { clients: 1, ms }));
    await report(name, measureWrites(store, { clients: 16, ms }));
    await report(name, measureWrites(store, { clients: 64, ms }));
    for (const figure of await measureReads(store, ms / 2)) print(name, figure);
    await report(name, measureFanOut(store, { watchers: 1000, ms }));
  }
  const path = join(directory, "single.db");
  print("sqlite, one commit per write", await measureSingleCommits(path, ms));
}

async function report(name: string, figure: Promise<Figure>): Promise<void> {
  print(name, await figure);
}

function print(name: string, { what, perSecond, p50Ms, p99Ms, cpuMicros }: Figure): void {
  const columns = [
    name.padEnd(28),
    what.padEnd(38),
    `${Math.round(perSecond).toLocaleString("en")}/s`.padStart(12),
    `p50 ${p50Ms.toFixed(2)} ms`.padStart(14),
    `p99 ${p99Ms.toFixed(2)} ms`.padStart(15),
    `main thread ${cpuMicros.toFixed(1)} us each`.padStart(28),
  ];
  console.log(columns.join(" "));
}

try {
  await main();
} finally {
  rmSync(directory, { recursive: true });
}
