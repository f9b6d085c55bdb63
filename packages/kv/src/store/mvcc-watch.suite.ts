import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { CompactedError } from "./kv-error.ts";
import type { MvccStore, WatchEvent } from "./mvcc-store.ts";
import {
  k,
  put,
  putAll,
  RecordingWatch,
  remove,
  run,
  type OpenStore,
  type StoreTraits,
} from "./mvcc-testing.suite.ts";

const everything = { key: k("\0"), end: k("\0") };

/** What the contract says of watches. */
export function describeWatch(open: OpenStore, traits: StoreTraits): void {
  describeDelivery(open);
  describeStart(open, traits);
  describePause(open);
  describeProgress(open);
  describeConcurrentWatch(open);
}

function describeDelivery(open: OpenStore): void {
  describe("watch()", () => {
    it("hands over changes of its range before their write is acknowledged", async () => {
      await using store = await open();
      const watch = new RecordingWatch(store, { key: k("b"), end: k("d") });
      await put(store, "a", "1");
      await put(store, "b", "1");
      equal(watch.text, "+b=1@3");
      await put(store, "d", "1");
      await put(store, "c", "1");
      await remove(store, "b");
      equal(watch.text, "+b=1@3 +c=1@5 -b@6");
      deepEqual(
        watch.batches.map(({ revision }) => revision),
        [3, 5, 6],
      );
    });

    it("hands over a deletion with key and revision only", async () => {
      await using store = await open();
      await put(store, "a", "1", { lease: 3 });
      const watch = new RecordingWatch(store, { key: k("a") });
      await remove(store, "a");
      deepEqual(watch.events, [
        {
          kind: "delete",
          kv: {
            key: k("a"),
            value: k(""),
            createRevision: 0,
            modRevision: 3,
            version: 0,
            lease: 0,
          },
        },
      ]);
    });

    it("tells previous values where asked, for live changes and for history", async () => {
      await using store = await open();
      await putAll(store, ["a", "a"]);
      const live = new RecordingWatch(store, { ...everything, previous: true });
      await put(store, "a", "new");
      await remove(store, "a");
      await put(store, "a", "back");
      const expected = "+a=new@4(was a2) -a@5(was new) +a=back@6";
      equal(live.text, expected);
      equal(live.events[0]?.previous?.version, 2);
      const past = new RecordingWatch(store, { ...everything, previous: true, startRevision: 3 });
      await past.until(({ events }) => events.length === 4);
      equal(past.text, `+a=a2@3(was a1) ${expected}`);
    });

    it("leaves out puts or deletions where asked", async () => {
      await using store = await open();
      const deletes = new RecordingWatch(store, { ...everything, noPut: true });
      const puts = new RecordingWatch(store, { ...everything, noDelete: true });
      await put(store, "a", "1");
      await remove(store, "a");
      equal(deletes.text, "-a@3");
      equal(puts.text, "+a=1@2");
    });

    it("finds single keys, overlapping ranges and open ends", async () => {
      await using store = await open();
      const ranges = [["a"], ["a", "c"], ["b", "\0"], ["a", "\0"], ["b"], ["c", "b"], ["aa", "b"]];
      const watches = ranges.map(
        ([key = "", end]) =>
          new RecordingWatch(store, { key: k(key), ...(end === undefined ? {} : { end: k(end) }) }),
      );
      for (const key of ["a", "b", "c"]) await put(store, key, "");
      const seen = watches.map(({ events }) => events.map(({ kv }) => kv.key.toString()).join(""));
      deepEqual(seen, ["a", "ab", "bc", "abc", "b", "", ""]);
    });

    it("hands over nothing after close(), which ends it without an error", async () => {
      await using store = await open();
      const watch = new RecordingWatch(store, everything);
      await put(store, "a", "1");
      watch.watch.close();
      watch.watch.close();
      await put(store, "a", "2");
      equal(watch.text, "+a=1@2");
      deepEqual(watch.ended, { error: undefined });
    });

    it("ends a watch whose listener throws, and no other", async () => {
      await using store = await open();
      const ended = Promise.withResolvers<Error | undefined>();
      store.watch(everything, {
        onBatch: () => {
          throw new Error("broken listener");
        },
        onEnd: ended.resolve,
      });
      const other = new RecordingWatch(store, everything);
      await put(store, "a", "1");
      equal((await ended.promise)?.message, "broken listener");
      await put(store, "a", "2");
      equal(other.text, "+a=1@2 +a=2@3");
    });

    it("lets a listener close and open watches and write", async () => {
      await using store = await open();
      const second = new RecordingWatch(store, everything);
      const inner: RecordingWatch[] = [];
      const writes: Promise<unknown>[] = [];
      const first = store.watch(everything, {
        onBatch: () => {
          first.close();
          inner.push(new RecordingWatch(store, everything));
          inner.push(new RecordingWatch(store, { ...everything, startRevision: 2 }));
          writes.push(put(store, "a", "2"));
        },
        onEnd() {},
      });
      await put(store, "a", "1");
      await Promise.all(writes);
      const [fromNow, fromTwo] = inner;
      equal(fromNow?.text, "+a=2@3");
      await fromTwo?.until(({ events }) => events.length === 2);
      equal(second.text, "+a=1@2 +a=2@3");
    });
  });
}

function describeStart(open: OpenStore, traits: StoreTraits): void {
  const { order = "arrival", previous = "compacted" } = traits;
  describe("watch() from a start revision", () => {
    it("hands over history from exactly there, then goes on live", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "a"]);
      const watch = new RecordingWatch(store, { key: k("a"), startRevision: 3 });
      await watch.until(({ events }) => events.length === 1);
      await put(store, "a", "live");
      equal(watch.text, "+a=a3@4 +a=live@5");
    });

    it("hands over nothing inside the call", async () => {
      await using store = await open();
      await putAll(store, ["a"]);
      const watch = new RecordingWatch(store, { ...everything, startRevision: 1 });
      equal(watch.batches.length, 0);
      await watch.until(({ events }) => events.length === 1);
    });

    it("waits for a future revision and hands over nothing below it", async () => {
      await using store = await open();
      const watch = new RecordingWatch(store, { ...everything, startRevision: 4 });
      await putAll(store, ["a", "b"]);
      equal(watch.text, "");
      await Promise.all([put(store, "c", "1"), put(store, "c", "2")]);
      if (order === "arrival") equal(watch.text, "+c=1@4 +c=2@5");
      deepEqual(
        watch.events.map(({ kv }) => kv.modRevision),
        [4, 5],
      );
    });

    it("starts inside a batch of commits at the revision asked for", async () => {
      await using store = await open();
      const early = new RecordingWatch(store, everything);
      const late = new RecordingWatch(store, { ...everything, startRevision: 4 });
      await Promise.all(["1", "2", "3", "4"].map((value) => put(store, "a", value)));
      deepEqual(
        early.events.map(({ kv }) => kv.modRevision),
        [2, 3, 4, 5],
      );
      if (order === "arrival") equal(early.text, "+a=1@2 +a=2@3 +a=3@4 +a=4@5");
      deepEqual(late.events, early.events.slice(2));
    });

    it("starts exactly at the compacted revision, deletions too", async () => {
      await using store = await openAged(open);
      for (const compacted of [4, 5]) {
        await store.compact(compacted);
        const watch = new RecordingWatch(store, { ...everything, startRevision: compacted });
        const events = ["+a=a3@4", "-b@5", "+a=a5@6"].slice(compacted - 4);
        await watch.until((self) => self.events.length === events.length);
        equal(watch.text, events.join(" "));
      }
    });

    it("has previous values there, or says that they are gone", async () => {
      await using store = await openAged(open);
      for (const compacted of [4, 5]) {
        await store.compact(compacted);
        for (let i = 0; i < 20; i++) await turn();
        const watch = new RecordingWatch(store, {
          ...everything,
          previous: true,
          startRevision: compacted,
        });
        const events = ["+a=a3@4(was a1)", "-b@5(was b2)", "+a=a5@6(was a3)"].slice(compacted - 4);
        if (previous === "uncompacted") {
          await watch.until(({ ended }) => ended !== undefined);
          ok(errorOf(watch) instanceof CompactedError);
          equal(watch.text, "");
          continue;
        }
        await watch.until((self) => self.events.length === events.length);
        equal(watch.text, events.join(" "));
      }
    });

    it("has previous values from the revision after the compacted one on", async () => {
      await using store = await openAged(open);
      await store.compact(4);
      const request = { ...everything, previous: true, startRevision: 5 };
      const watch = new RecordingWatch(store, request);
      await watch.until(({ events }) => events.length === 2);
      equal(watch.text, "-b@5(was b2) +a=a5@6(was a3)");
    });

    it("pages through long history and never splits a transaction", async () => {
      await using store = await open();
      const transaction = Array.from({ length: 120 }, (_, i) => ({
        kind: "put" as const,
        key: k(`k${i}`),
        value: k("v"),
      }));
      for (let i = 0; i < 20; i++) await run(store, ...transaction);
      const watch = new RecordingWatch(store, { ...everything, startRevision: 2 });
      await settled(watch);
      equal(watch.events.length, 20 * 120);
      for (const { events, revision } of watch.batches) {
        equal(events.length % 120, 0);
        equal(events.at(-1)?.kv.modRevision, revision);
      }
    });

    it("ends with CompactedError below the compacted revision", async () => {
      await using store = await open();
      await putAll(store, ["a", "a", "a"]);
      await store.compact(3);
      const watch = new RecordingWatch(store, { ...everything, startRevision: 2 });
      await watch.until(({ ended }) => ended !== undefined);
      ok(watch.ended?.error instanceof CompactedError);
      equal(watch.ended.error.compacted, 3);
      equal(watch.batches.length, 0);
    });

    it("goes on over a compaction where it is up to date", async () => {
      await using store = await open();
      const watch = new RecordingWatch(store, { ...everything, previous: true });
      await putAll(store, ["a", "a"]);
      await store.compact(3);
      for (let i = 0; i < 20; i++) await turn();
      await put(store, "a", "3");
      equal(watch.text, "+a=a1@2 +a=a2@3(was a1) +a=3@4(was a2)");
    });
  });
}

/** A store with a past: `a` at 2, 4 and 6, `b` from 3 to 5. */
async function openAged(open: OpenStore): Promise<MvccStore> {
  const store = await open();
  await putAll(store, ["a", "b", "a"]);
  await remove(store, "b");
  await putAll(store, ["a"]);
  return store;
}

function describePause(open: OpenStore): void {
  describe("pause() and resume()", () => {
    it("hands over nothing in between, and everything once afterwards", async () => {
      await using store = await open();
      const watch = new RecordingWatch(store, everything);
      await put(store, "a", "1");
      watch.watch.pause();
      watch.watch.pause();
      await putAll(store, ["b", "c"]);
      equal(watch.text, "+a=1@2");
      watch.watch.resume();
      watch.watch.resume();
      await watch.until(({ events }) => events.length === 3);
      await put(store, "d", "1");
      equal(watch.text, "+a=1@2 +b=b2@3 +c=c3@4 +d=1@5");
    });

    it("may be called by listeners, of their own watch and of others", async () => {
      await using store = await open();
      const watches: RecordingWatch[] = [];
      const first = store.watch(everything, {
        onBatch: () => {
          for (const { watch } of watches) watch.pause();
          first.pause();
        },
        onEnd() {},
      });
      watches.push(
        new RecordingWatch(store, everything),
        new RecordingWatch(store, { key: k("x") }),
      );
      await put(store, "a", "1");
      await put(store, "x", "1");
      for (const { watch } of watches) watch.resume();
      const [all, one] = watches;
      await all?.until(({ events }) => events.length === 2);
      await one?.until(({ events }) => events.length === 1);
      deepEqual(
        watches.map(({ text }) => text),
        ["+a=1@2 +x=1@3", "+x=1@3"],
      );
    });

    it("ends with CompactedError where compaction overtook it", async () => {
      await using store = await open();
      const watch = new RecordingWatch(store, everything);
      watch.watch.pause();
      await putAll(store, ["a", "a", "a"]);
      await store.compact(3);
      equal(watch.ended, undefined);
      watch.watch.resume();
      await watch.until(({ ended }) => ended !== undefined);
      ok(errorOf(watch) instanceof CompactedError);
    });
  });
}

function errorOf({ ended }: RecordingWatch): Error | undefined {
  return ended?.error;
}

function describeProgress(open: OpenStore): void {
  describe("requestProgress()", () => {
    it("tells the head at once where everything has been handed over", async () => {
      await using store = await open();
      await putAll(store, ["a", "b"]);
      const watch = new RecordingWatch(store, { key: k("x") });
      watch.watch.requestProgress();
      await watch.until(({ progress }) => progress.length === 1);
      deepEqual(watch.progress, [3]);
    });

    it("tells it after the history that is still to come", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "a"]);
      const watch = new RecordingWatch(store, { key: k("a"), startRevision: 2 });
      watch.watch.requestProgress();
      equal(watch.progress.length, 0);
      await watch.until(({ progress }) => progress.length === 1);
      equal(watch.text, "+a=a1@2 +a=a3@4");
      deepEqual(watch.progress, [4]);
    });

    it("waits while paused, and for a start revision in the future", async () => {
      await using store = await open();
      const paused = new RecordingWatch(store, everything);
      const future = new RecordingWatch(store, { ...everything, startRevision: 4 });
      await put(store, "a", "1");
      paused.watch.pause();
      for (const { watch } of [paused, future]) watch.requestProgress();
      await put(store, "b", "1");
      deepEqual([paused.progress, future.progress], [[], [3]]);
      paused.watch.resume();
      await paused.until(({ progress }) => progress.length === 1);
      equal(paused.text, "+a=1@2 +b=1@3");
      deepEqual(paused.progress, [3]);
    });
  });
}

/** Watches while others write: cut-over from history to live, and pauses. */
export function describeConcurrentWatch(open: OpenStore): void {
  describe("watch() beside writers", () => {
    it("cuts over from history to live without gap or repeat, from every start", async () => {
      await using store = await open();
      const reference = new RecordingWatch(store, {
        ...everything,
        startRevision: 1,
        previous: true,
      });
      const watches: { readonly start: number; readonly recording: RecordingWatch }[] = [];
      const total = 400;
      const writer = async (name: string): Promise<void> => {
        for (let i = 0; i < total / 4; i++) await write(store, name, i);
      };
      const watcher = async (): Promise<void> => {
        for (let i = 0; i < 30; i++) {
          const start = 1 + Math.floor(((await store.headRevision()) * i) / 30);
          const request = { ...everything, previous: true, startRevision: start };
          watches.push({ start, recording: new RecordingWatch(store, request) });
          await put(store, "extra", `${i}`);
        }
      };
      await Promise.all(["a", "b", "c", "d"].map(writer).concat(watcher()));
      const head = await store.headRevision();
      equal(head, 1 + total + 30);
      for (const { recording } of watches) recording.watch.requestProgress();
      await settled(reference);
      const all = reference.events.filter(({ kv }) => kv.modRevision > 1);
      equal(new Set(all.map(({ kv }) => kv.modRevision)).size, head - 1);
      for (const { start, recording } of watches) {
        await recording.until(({ progress }) => progress.length > 0);
        deepEqual(
          textsOf(recording.events),
          textsOf(all.filter(({ kv }) => kv.modRevision >= start)),
        );
      }
    });

    it("reads on after pauses exactly where it stopped", async () => {
      await using store = await open();
      const reference = new RecordingWatch(store, { ...everything, startRevision: 1 });
      const restless = new RecordingWatch(store, { ...everything, startRevision: 1 });
      const writing = Promise.all(
        ["a", "b", "c"].map(async (name) => {
          for (let i = 0; i < 100; i++) await write(store, name, i);
        }),
      );
      for (let i = 0; i < 40; i++) {
        if (i % 2) restless.watch.resume();
        else restless.watch.pause();
        await put(store, "extra", `${i}`);
      }
      await writing;
      restless.watch.resume();
      await settled(restless);
      await settled(reference);
      deepEqual(textsOf(restless.events), textsOf(reference.events));
    });
  });
}

async function settled(recording: RecordingWatch): Promise<void> {
  recording.watch.requestProgress();
  await recording.until(({ progress }) => progress.length > 0);
}

/** Writes one or two keys, or deletes one. */
function write(store: MvccStore, name: string, i: number): Promise<unknown> {
  const value = k(`${i}`);
  const own = { kind: "put" as const, key: k(name), value };
  if (i % 5 === 4) return remove(store, name);
  if (i % 3 === 0) return run(store, own, { kind: "put", key: k("shared"), value });
  return run(store, own);
}

function textsOf(events: readonly WatchEvent[]): readonly string[] {
  return events.map(
    ({ kind, kv, previous }) =>
      `${kind} ${kv.key.toString()} ${kv.modRevision} ${kv.value.toString()} ${previous?.value.toString()}`,
  );
}
