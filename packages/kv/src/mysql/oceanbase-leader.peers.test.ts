import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { OutcomeUnknownError, UnavailableError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
import { MysqlProxy } from "./mysql-proxy.suite.ts";
import { forgetful, hasServer, MysqlTestServer } from "./mysql-server.suite.ts";
import { stormOf } from "./oceanbase-faults.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const everything = { key: k("\0"), end: k("\0") };
const deadlineMs = 60_000;

describe("OceanBase's leader switches", { skip: !hasServer("mysql") && "no server" }, () => {
  let server: MysqlTestServer;
  let proxies: readonly MysqlProxy[];
  before(async () => {
    server = await MysqlTestServer.start("mysql", forgetful);
    const open = (): Promise<MysqlProxy> => MysqlProxy.open(server.port, { asOceanBase: true });
    proxies = await Promise.all([open(), open()]);
  });
  after(async () => {
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  for (const cut of [false, true]) {
    it(`under writers in two processes, connections ${cut ? "cut" : "kept"}: no gap, nothing acknowledged lost, watch = history`, async (t) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      t.diagnostic(`seed ${seed}`);
      const direct = await server.newDatabase();
      await using opened = new AsyncDisposableStack();
      const stores = await Promise.all(
        proxies.map(async (proxy) => opened.use(await openMysqlStore(proxy.urlOf(direct)))),
      );
      const watches = stores.map((store) => new RecordingWatch(store, everything));
      for (const [i, proxy] of proxies.entries()) proxy.plan = stormOf(seed + i);
      const stop = new AbortController();
      const done = Promise.all(
        Array.from({ length: 8 }, (_, i) => write(stores[i % 2], `w${i}`, stop.signal)),
      );
      try {
        for (let round = 0; round < 3; round++) {
          await moreEvents(watches, 150);
          for (const proxy of proxies) proxy.switchLeader({ cut, awayMs: 1000 + 500 * round });
        }
        await moreEvents(watches, 150);
      } finally {
        stop.abort();
      }
      const written = (await done).flat();
      for (const proxy of proxies) proxy.plan = undefined;

      await using fresh = await openMysqlStore(direct);
      const head = await fresh.headRevision();
      const history = new RecordingWatch(fresh, { ...everything, startRevision: 2 });
      await until(() => history.batches.at(-1)?.revision === head);
      deepEqual(
        history.events.map(({ kv }) => kv.modRevision),
        Array.from({ length: head - 1 }, (_, i) => i + 2),
      );
      const there = new Set(history.text.replaceAll("+", "").split(" "));
      for (const { text, outcome } of written) {
        if (outcome === "acknowledged") ok(there.has(text), `${text} is lost`);
      }
      const refused = written.filter(({ outcome }) => outcome === "refused");
      const keyAndValue = new Set([...there].map((text) => text.replace(/@.*/, "")));
      for (const { text } of refused)
        ok(!keyAndValue.has(text), `${text} was refused, and is there`);
      for (const watch of watches) {
        await until(() => watch.batches.at(-1)?.revision === head);
        equal(watch.text, history.text);
      }
      t.diagnostic(
        `${written.length} writes, ${refused.length} refused, faults: ${faultsOf(proxies)}`,
      );
      for (const proxy of proxies) deepEqual([...proxy.fragile], []);
    });
  }
});

function faultsOf(proxies: readonly MysqlProxy[]): string {
  const all = proxies.flatMap(({ faults }) => [...faults]);
  const counts = Map.groupBy(all, ([name]) => name);
  return Array.from(
    counts,
    ([name, each]) => `${each.reduce((sum, [, count]) => sum + count, 0)} × ${name}`,
  ).join(", ");
}

/** What came of a write. */
interface Written {
  readonly text: string;
  readonly outcome: "acknowledged" | "refused" | "unknown";
}

/** Puts rising numbers, each once. */
async function write(
  store: MvccStore | undefined,
  key: string,
  signal: AbortSignal,
): Promise<readonly Written[]> {
  const written: Written[] = [];
  if (!store) return written;
  for (let i = 1; !signal.aborted; i++) {
    try {
      const { revision } = await put(store, key, `${i}`);
      written.push({ text: `${key}=${i}@${revision}`, outcome: "acknowledged" });
    } catch (error) {
      ok(error instanceof UnavailableError || error instanceof OutcomeUnknownError, String(error));
      const outcome = error instanceof UnavailableError ? "refused" : "unknown";
      written.push({ text: `${key}=${i}`, outcome });
    }
  }
  return written;
}

async function moreEvents(watches: readonly RecordingWatch[], count: number): Promise<void> {
  const seen = watches.map(({ events }) => events.length);
  await until(() => watches.every(({ events }, i) => events.length >= (seen[i] ?? 0) + count));
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(`In time there is no: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
