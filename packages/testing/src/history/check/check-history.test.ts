import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { History } from "../record/history.ts";
import type { Outcome } from "../record/records.ts";
import { checkHistory } from "./check-history.ts";
import { deleteTxn, putTxn, Sketch, txnOf } from "./sketch.suite.ts";

const unknown: Outcome = { is: "unknown", why: "cut" };
const refused: Outcome = { is: "refused", why: "away" };

/** The rules that a history breaks, each once. */
function broken(history: History): readonly string[] {
  return [...new Set(checkHistory(history).violations.map(({ rule }) => rule))];
}

/** Three writes and a deletion of two keys, one after the other. */
function story(): Sketch {
  const sketch = new Sketch();
  sketch.put("a", "1", [10, 20]);
  sketch.put("b", "2", [30, 40]);
  sketch.put("a", "3", [50, 60]);
  sketch.remove("b", [70, 80]);
  return sketch;
}

describe("checkHistory() finds nothing wrong with", () => {
  it("reads and watches that agree with the writes", () => {
    const sketch = story();
    sketch.get("a", [90, 95]);
    sketch.get("a", [90, 95], { asked: 2 });
    sketch.watch({ key: "a", startRevision: 2, previous: true }, [
      sketch.events(2),
      sketch.events(4),
      5,
    ]);
    deepEqual(broken(sketch.finish()), []);
  });

  it("a read that overlaps a write, before it or after it", () => {
    const sketch = new Sketch();
    sketch.put("a", "1", [10, 20]);
    sketch.get("a", [25, 45], { at: 2 });
    sketch.put("a", "2", [30, 40]);
    sketch.get("a", [35, 50]);
    deepEqual(broken(sketch.finish()), []);
  });

  it("writes without an answer that took effect, took effect late, or never did", () => {
    const sketch = new Sketch();
    for (const value of ["1", "2", "never"]) {
      sketch.op({ do: "txn", txn: putTxn("a", value) }, [10, 20], unknown);
    }
    sketch.op({ do: "txn", txn: deleteTxn("a") }, [10, 20], unknown);
    sketch.takesEffect(putTxn("a", "2"));
    sketch.get("a", [25, 26]);
    sketch.takesEffect(deleteTxn("a"));
    sketch.get("a", [30, 31]);
    sketch.takesEffect(putTxn("a", "1"));
    deepEqual(broken(sketch.finish()), []);
  });

  it("two deletions without an answer, whichever made which revision", () => {
    const sketch = new Sketch();
    sketch.put("a", "1", [10, 20]);
    sketch.put("b", "1", [21, 22]);
    const range = txnOf({ kind: "delete", key: "a", end: "c" });
    sketch.op({ do: "txn", txn: range }, [30, 31], unknown);
    sketch.op({ do: "txn", txn: deleteTxn("a") }, [30, 31], unknown);
    sketch.takesEffect(deleteTxn("a"));
    sketch.takesEffect(deleteTxn("b"));
    deepEqual(broken(sketch.finish()), []);
  });

  it("a lease that ends late, with all its keys", () => {
    const sketch = leased();
    sketch.takesEffect(txnOf({ kind: "delete", key: "a" }, { kind: "delete", key: "b" }));
    deepEqual(broken(sketch.finish({ shownUs: 2.1e6 })), []);
  });
});

/** Two keys under a lease of two seconds. */
function leased(): Sketch {
  const sketch = new Sketch();
  sketch.op({ do: "grant", lease: 7, ttlSeconds: 2 }, [1, 2], { is: "done" });
  sketch.put("a", "1", [10, 20], 7);
  sketch.put("b", "2", [30, 40], 7);
  return sketch;
}

describe("checkHistory() finds", () => {
  it("an acknowledged write that is lost", () => {
    const sketch = new Sketch();
    sketch.put("a", "1", [10, 20]);
    const result = { succeeded: true, revision: 3, results: [{ kind: "put" as const }] };
    sketch.op({ do: "txn", txn: putTxn("a", "lost") }, [30, 40], { is: "txn", result });
    sketch.op({ do: "txn", txn: putTxn("a", "2") }, [30, 60], unknown);
    sketch.takesEffect(putTxn("a", "2"));
    deepEqual(broken(sketch.finish()).slice(0, 1), ["acknowledged write lost"]);
  });

  it("a stale read", () => {
    const sketch = story();
    sketch.get("a", [90, 95], { at: 3 });
    deepEqual(broken(sketch.finish()), ["real-time order"]);
  });

  it("a read that says otherwise than its revision does", () => {
    const sketch = story();
    const result = { revision: 5, kvs: [], count: 0, more: false };
    sketch.op({ do: "range", range: { key: "a" } }, [90, 95], { is: "range", result });
    deepEqual(broken(sketch.finish()), ["answer differs from the log"]);
  });

  it("two changes swapped in a watch", () => {
    const sketch = story();
    sketch.watch({ key: "a", startRevision: 2 }, [plain(sketch, 4), plain(sketch, 2)]);
    deepEqual(broken(sketch.finish()), ["watch: Ordered"]);
  });

  it("a revision that is used twice", () => {
    const sketch = story();
    const result = { succeeded: true, revision: 4, results: [{ kind: "put" as const }] };
    sketch.op({ do: "txn", txn: putTxn("c", "9") }, [10, 90], { is: "txn", result });
    deepEqual(broken(sketch.finish()).slice(0, 1), ["revision used twice"]);
  });

  it("a revision that nobody has seen", () => {
    const sketch = story();
    const shown = [2, 3, 5, 6].map((revision) => sketch.events(revision - (revision > 4 ? 1 : 0)));
    const moved = shown.map((events, i) =>
      events.map((event) => ({
        ...event,
        kv: { ...event.kv, modRevision: i < 2 ? i + 2 : i + 3 },
      })),
    );
    equal(broken(sketch.finish({ shown: moved })).length > 0, true);
  });

  it("a change that a watch left out, and one that it repeated", () => {
    const sketch = story();
    sketch.watch({ key: "a", startRevision: 2 }, [plain(sketch, 4)]);
    sketch.watch({ key: "a", startRevision: 2 }, [plain(sketch, 2), plain(sketch, 2)]);
    deepEqual(broken(sketch.finish()), ["watch: Reliable", "watch: Unique"]);
  });

  it("a wrong previous value, and one that is missing", () => {
    const sketch = story();
    const [event] = sketch.events(4);
    const [first] = sketch.events(2);
    const wrong = event && first && [{ ...event, previous: { ...first.kv, value: "0" } }];
    const request = { key: "a", startRevision: 3, previous: true };
    sketch.watch(request, [wrong ?? []]);
    sketch.watch(request, [plain(sketch, 4)]);
    deepEqual(broken(sketch.finish()), ["watch: previous value"]);
  });

  it("progress before what it promises, and progress that goes back", () => {
    const sketch = story();
    sketch.watch({ key: "a", startRevision: 2 }, [4, plain(sketch, 2)]);
    sketch.watch({ key: "b", startRevision: 6 }, [5, 4]);
    deepEqual(broken(sketch.finish()), ["watch: Bookmarkable", "watch: Ordered"]);
  });

  it("a revision in parts, an event against the filter, and one of another range", () => {
    const sketch = story();
    sketch.txn(
      txnOf({ kind: "put", key: "a", value: "5" }, { kind: "put", key: "b", value: "6" }),
      [90, 95],
    );
    const [one, other] = plain(sketch, 6);
    const parts = [one, other].flatMap((event) => (event ? [[event]] : []));
    sketch.watch({ key: "a", end: "c", startRevision: 6 }, parts);
    sketch.watch({ key: "b", startRevision: 5, noDelete: true }, [plain(sketch, 5)]);
    sketch.watch({ key: "b", startRevision: 2 }, [plain(sketch, 2)]);
    deepEqual(broken(sketch.finish()), ["watch: Atomic", "watch: filter"]);
  });

  it("a change that is shown before anybody asked for it", () => {
    const sketch = story();
    sketch.watch({ key: "a", startRevision: 2 }, [plain(sketch, 2)], 5);
    deepEqual(broken(sketch.finish()), ["watch: ahead of time"]);
  });

  it("a watch that never got to the end", () => {
    const sketch = story();
    const w = sketch.watch({ key: "a", startRevision: 2 }, [plain(sketch, 2)]);
    sketch.record({ t: "end", w, at: 2e6, why: "stuck" });
    deepEqual(broken(sketch.finish()), ["watch: Reliable"]);
  });

  it("a value that nobody wrote, and a deletion that nobody asked for", () => {
    const sketch = story();
    sketch.takesEffect(putTxn("a", "nobody's"));
    sketch.takesEffect(deleteTxn("a"));
    deepEqual(broken(sketch.finish()), ["phantom"]);
  });

  it("one deletion without an answer that took effect twice", () => {
    const sketch = new Sketch();
    sketch.put("a", "1", [10, 20]);
    sketch.op({ do: "txn", txn: deleteTxn("a") }, [30, 40], unknown);
    sketch.takesEffect(deleteTxn("a"));
    sketch.put("a", "2", [50, 60]);
    sketch.takesEffect(deleteTxn("a"));
    deepEqual(broken(sketch.finish()), ["phantom"]);
  });

  it("a deletion that stands before what was known when it was called", () => {
    const sketch = new Sketch();
    sketch.put("a", "1", [10, 20]);
    sketch.takesEffect(deleteTxn("a"));
    sketch.get("a", [30, 40]);
    sketch.op({ do: "txn", txn: deleteTxn("a") }, [50, 60], unknown);
    deepEqual(broken(sketch.finish()), ["phantom"]);
  });

  it("a write that was refused, and is there", () => {
    const sketch = story();
    sketch.op({ do: "txn", txn: putTxn("a", "4") }, [90, 95], refused);
    sketch.takesEffect(putTxn("a", "4"));
    deepEqual(broken(sketch.finish()), ["surely not written, yet there"]);
  });

  it("a write that took effect twice", () => {
    const sketch = story();
    sketch.op({ do: "txn", txn: putTxn("a", "4") }, [90, 95], unknown);
    sketch.takesEffect(putTxn("a", "4"));
    sketch.takesEffect(putTxn("a", "4"));
    deepEqual(broken(sketch.finish()), ["written twice"]);
  });

  it("half a transaction", () => {
    const sketch = story();
    const both = txnOf(
      { kind: "put", key: "a", value: "4" },
      { kind: "put", key: "b", value: "5" },
    );
    sketch.op({ do: "txn", txn: both }, [90, 95], unknown);
    sketch.takesEffect(putTxn("a", "4"));
    deepEqual(broken(sketch.finish()), ["answer differs from the log"]);
  });

  it("two writes in another order than they were made", () => {
    const sketch = new Sketch();
    sketch.put("a", "1", [50, 60]);
    sketch.put("b", "2", [10, 20]);
    deepEqual(broken(sketch.finish()), ["real-time order", "answer differs from the log"]);
  });

  it("a wrong historic read", () => {
    const sketch = story();
    const result = { revision: 5, kvs: [], count: 0, more: false };
    const range = { key: "b", revision: 4 };
    sketch.op({ do: "range", range }, [90, 95], { is: "range", result });
    deepEqual(broken(sketch.finish()), ["historic read"]);
  });

  it("history that is refused as compacted, as future, and that is given although compacted", () => {
    const sketch = story();
    const range = { do: "range", range: { key: "a", revision: 3 } } as const;
    sketch.op(range, [90, 95], { is: "compacted" });
    sketch.op(range, [90, 95], { is: "future" });
    sketch.op({ do: "compact", revision: 4 }, [100, 110], { is: "done" });
    sketch.op(range, [105, 115], { is: "compacted" });
    sketch.get("a", [120, 130], { asked: 4 });
    deepEqual(broken(sketch.finish()), ["compaction", "future revision"]);
    const given = story();
    given.op({ do: "compact", revision: 4 }, [100, 110], { is: "done" });
    given.get("a", [120, 130], { asked: 3 });
    deepEqual(broken(given.finish()), ["compaction"]);
  });

  it("another state at the end", () => {
    const sketch = story();
    const result = { revision: 5, kvs: [], count: 0, more: false };
    sketch.record({ t: "final", at: 2e6, result, compacted: 0 });
    deepEqual(broken(sketch.finish()), ["final state"]);
  });

  it("another state at the end, unless it is that of leases which have ended since", () => {
    const whole = leased();
    const final = { count: 0, more: false, kvs: [] };
    const at = { t: "final", at: 4e6, compacted: 0 } as const;
    const revision = whole.head + 1;
    whole.record({ ...at, result: { ...final, revision } });
    deepEqual(broken(whole.finish()), []);
    const torn = leased();
    const kvs = torn.state().slice(0, 1);
    torn.record({ ...at, result: { ...final, kvs, count: 1, revision } });
    deepEqual(broken(torn.finish()), ["final state"]);
  });

  it("a lease that ends early, and one that ends in parts", () => {
    const early = leased();
    early.takesEffect(txnOf({ kind: "delete", key: "a" }, { kind: "delete", key: "b" }));
    deepEqual(broken(early.finish({ shownUs: 1.9e6 })), ["lease ended early"]);
    const torn = leased();
    torn.takesEffect(deleteTxn("a"));
    deepEqual(broken(torn.finish({ shownUs: 2.1e6 })), ["phantom"]);
  });
});

/** The events of a revision to a watch that wants no previous values. */
function plain(sketch: Sketch, revision: number): ReturnType<Sketch["events"]> {
  return sketch.events(revision).map(({ kind, kv }) => ({ kind, kv }));
}
