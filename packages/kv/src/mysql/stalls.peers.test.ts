import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { OutcomeUnknownError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
import { MysqlProxy } from "./mysql-proxy.suite.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import type { FaultPlan, FaultPoint } from "./oceanbase-faults.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";
import { StalledWriter, type WriteOutcome } from "./stalled-writer.suite.ts";

const everything = { key: k("\0"), end: k("\0") };

/** Longest that a timer may be early, in milliseconds. */
const timerMs = 10;

/** Statements at which a process is stopped, in the same message as what is named. */
const afterLock = ({ head, inTransaction }: FaultPoint): boolean =>
  inTransaction && head.endsWith("FROM kv_meta WHERE one = 1");
const beforeCommit = ({ head }: FaultPoint): boolean => head.startsWith("INSERT INTO kv_log");

/** Longer than a write is tried again, in milliseconds. */
const longMs = 9000;

for (const kind of ["mariadb", "mysql"] satisfies ServerKind[]) {
  describe(`stalls of ${kind}`, { skip: !hasServer(kind) && "the server is not installed" }, () => {
    let server: MysqlTestServer;
    before(async () => {
      server = await MysqlTestServer.start(kind, ["--innodb-buffer-pool-size=32M"]);
    });
    after(() => server[Symbol.asyncDispose]());
    for (const asOceanBase of kind === "mysql" ? [false, true] : [false]) {
      const open = async (): Promise<Given> => {
        const proxies = [
          await MysqlProxy.open(server.port, { asOceanBase }),
          await MysqlProxy.open(server.port, { asOceanBase }),
        ] as const;
        return { direct: await server.newDatabase(), held: proxies[0], free: proxies[1] };
      };
      // At once, for they mostly wait.
      describe(asOceanBase ? "as OceanBase" : "as it is", { concurrency: true }, () => {
        describeDelay(open);
        describeStopped(open);
        describeFrozen(open);
      });
    }
  });
}

/** A database, and two ways to it. */
interface Given {
  readonly direct: string;
  readonly held: MysqlProxy;
  readonly free: MysqlProxy;
}

type Open = () => Promise<Given>;

function describeDelay(open: Open): void {
  it("tells and shows nothing before a commit's answer, a second late, and makes one batch of what comes meanwhile", async () => {
    const { direct, held: proxy, free } = await open();
    await using _proxy = proxy;
    await using _free = free;
    await using store = await openMysqlStore(proxy.urlOf(direct));
    await put(store, "a", "0");
    const watch = new RecordingWatch(store, everything);
    const committing = Promise.withResolvers<void>();
    let batches = 0;
    proxy.plan = meets(({ statement, head }) => {
      if (head.startsWith("INSERT INTO kv_log")) batches++;
      if (statement === "commit" && batches === 1) committing.resolve();
    });
    proxy.commitDelayMs = 1000;
    const began = performance.now();
    const elapsed = (): number => performance.now() - began;
    const toldAfter = put(store, "a", "1").then(elapsed);
    const shownAfter = watch.until(({ events }) => events.length > 0).then(elapsed);
    await committing.promise;
    const late = Array.from({ length: 40 }, (_, i) => put(store, `b${i}`, "1"));
    ok((await toldAfter) >= 1000 - timerMs);
    ok((await shownAfter) >= 1000 - timerMs);
    equal(batches, 1);
    const told = await Promise.all(late);
    deepEqual(
      told.map(({ revision }) => revision),
      Array.from({ length: 40 }, (_, i) => i + 4),
    );
    equal(batches, 2);
    ok(elapsed() >= 2000 - 2 * timerMs);
    proxy.commitDelayMs = 0;
  });
}

function describeStopped(open: Open): void {
  for (const { name, point, forMs, outcome } of [
    { name: "that holds the lock", point: afterLock, forMs: 0, outcome: undefined },
    { name: "for long that holds the lock", point: afterLock, forMs: longMs, outcome: "refused" },
    { name: "whose commit arrives", point: beforeCommit, forMs: longMs, outcome: "acknowledged" },
  ] as const) {
    it(`lets others write while a process is stopped ${name}, and tells it the truth when it wakes`, async (t) => {
      const { direct, held, free } = await open();
      await using _held = held;
      await using _free = free;
      await using other = await openMysqlStore(free.urlOf(direct));
      await using holder = await StalledWriter.start(held.urlOf(direct));
      deepEqual(await holder.write("h"), [{ key: "h", outcome: "acknowledged", revision: 2 }]);

      const stopped = Promise.withResolvers<void>();
      held.plan = meets((met) => {
        if (!point(met)) return;
        holder.stop();
        stopped.resolve();
      });
      const outcomes = holder.write("h1", "h2", "h3");
      await stopped.promise;
      held.plan = undefined;
      const wakeAt = performance.now() + forMs;
      if (point === afterLock) await othersWrite(t, other);
      while (performance.now() < wakeAt) await pacedWrite(other);
      holder.wake();
      const told = await outcomes;
      if (outcome) for (const each of told) equal(each.outcome, outcome);
      const again = await holder.write("h4");
      equal(again[0]?.outcome, "acknowledged");
      const watched = await holder.watched(again[0]?.revision ?? 0);
      await checkTold(t, { direct, told: [...told, ...again], watched });
    });
  }
}

function describeFrozen(open: Open): void {
  it("lets others write while the network is frozen amid a commit, and tells the truth to who waits", async (t) => {
    const { direct, held, free } = await open();
    await using _held = held;
    await using _free = free;
    await using other = await openMysqlStore(free.urlOf(direct));
    await using holder = await openMysqlStore(held.urlOf(direct));
    await put(holder, "h", "1");
    const watch = new RecordingWatch(holder, { ...everything, startRevision: 2 });

    const frozen = Promise.withResolvers<void>();
    held.plan = meets(({ head }) => {
      if (!head.startsWith("INSERT INTO kv_log")) return;
      held.freeze();
      frozen.resolve();
    });
    const write = (key: string, signal?: AbortSignal): Promise<WriteOutcome> =>
      outcomeOf(holder, { key, signal });
    const impatient = new AbortController();
    const outcomes = Promise.all([write("h1"), write("h2", impatient.signal)]);
    await frozen.promise;
    held.plan = undefined;
    impatient.abort();
    // Not begun when its time is up: certainly not written.
    const queued = holder.txn(
      { compare: [], success: [{ kind: "put", key: k("h3"), value: k("1") }], failure: [] },
      AbortSignal.timeout(500),
    );
    await Promise.all([rejects(queued, { name: "TimeoutError" }), othersWrite(t, other)]);
    held.thaw();
    const told = await outcomes;
    equal(told[1]?.outcome, "unknown");
    const again = await write("h4");
    equal(again.outcome, "acknowledged");
    await watch.until(({ batches }) => batches.at(-1)?.revision === again.revision);
    const h3: WriteOutcome = { key: "h3", outcome: "refused" };
    await checkTold(t, { direct, told: [...told, h3, again], watched: watch.text });
  });
}

/** One write, within its own patience, though the lock was held when it began. */
async function othersWrite(t: TestContext, other: MvccStore): Promise<void> {
  const began = performance.now();
  equal((await put(other, "o", "1")).revision, 3);
  const waitedMs = performance.now() - began;
  t.diagnostic(`others waited for ${Math.round(waitedMs)} ms`);
  ok(waitedMs > 1000, `the lock was not held: ${waitedMs}`);
}

/** Ten a second. */
async function pacedWrite(store: MvccStore): Promise<void> {
  await put(store, "p", "1");
  await new Promise((resolve) => setTimeout(resolve, 100));
}

/** What was told of each write is what stands in the log, without a gap, and what the watch was handed. */
async function checkTold(
  t: TestContext,
  {
    direct,
    told,
    watched,
  }: {
    readonly direct: string;
    readonly told: readonly WriteOutcome[];
    readonly watched: string;
  },
): Promise<void> {
  t.diagnostic(told.map(({ key, outcome }) => `${key} ${outcome}`).join(", "));
  await using fresh = await openMysqlStore(direct);
  const head = await fresh.headRevision();
  const history = new RecordingWatch(fresh, { ...everything, startRevision: 2 });
  await history.until(({ batches }) => batches.at(-1)?.revision === head);
  const at = history.events.map(({ kv }) => kv.modRevision);
  deepEqual(
    at,
    Array.from({ length: head - 1 }, (_, i) => i + 2),
  );
  equal(watched, history.text);
  for (const { key, outcome, revision } of told) {
    const found = history.events.filter(({ kv }) => kv.key.toString() === key);
    if (outcome === "acknowledged") {
      deepEqual(
        found.map(({ kv }) => kv.modRevision),
        [revision],
      );
    } else {
      ok(found.length <= (outcome === "unknown" ? 1 : 0), `${key} was ${outcome}, and is there`);
    }
  }
}

async function outcomeOf(
  store: MvccStore,
  { key, signal }: { readonly key: string; readonly signal: AbortSignal | undefined },
): Promise<WriteOutcome> {
  try {
    const success = [{ kind: "put", key: k(key), value: k("1") }] as const;
    const { revision } = await store.txn({ compare: [], success, failure: [] }, signal);
    return { key, outcome: "acknowledged", revision };
  } catch (error) {
    return { key, outcome: error instanceof OutcomeUnknownError ? "unknown" : "refused" };
  }
}

/** No fault: something else is to happen at a statement. */
function meets(then: (point: FaultPoint) => void): FaultPlan {
  return {
    next(point) {
      then(point);
      return undefined;
    },
  };
}
