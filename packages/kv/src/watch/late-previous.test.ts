import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryRevisionLog } from "../memory/memory-revision-log.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
import type { RevisionLog } from "../store/revision-log.ts";
import { openLogMvccStore } from "./log-mvcc-store.ts";

/** A log in memory that answers reads of rows late, as one in a database does. */
class LateLog {
  readonly log: RevisionLog;
  /** Resolves when rows are asked for. */
  readonly asked: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Until then nothing is answered. */
  readonly answer: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor() {
    const log = new MemoryRevisionLog();
    const rows = async (
      positions: Parameters<RevisionLog["rows"]>[0],
    ): Promise<Awaited<ReturnType<RevisionLog["rows"]>>> => {
      this.asked.resolve();
      await this.answer.promise;
      const rows = log.rows(positions);
      // The same objects as in memory, where the value has been dropped.
      return rows.map((row) => row && { ...row, value: row.value ?? k("1") });
    };
    this.log = new Proxy<RevisionLog>(log, {
      get: (_, name) => {
        if (name === "rows") return rows;
        if (name === "keepsValues") return false;
        const member: unknown = Reflect.get(log, name, log);
        return typeof member === "function" ? (member.bind(log) as unknown) : member;
      },
    });
  }
}

describe("a historic read while previous values are being read for a watch", () => {
  it("misses no key that the newest changes have changed", async () => {
    const late = new LateLog();
    // The value of `a` leaves the memory, so that its next change has to read it.
    await using store = await openLogMvccStore(late.log, {
      ring: { maxChanges: 3, maxBytes: 1e6 },
    });
    await put(store, "a", "1");
    for (const value of ["1", "2", "3", "4"]) await put(store, "b", value);
    const watch = new RecordingWatch(store, { key: k("a"), previous: true });
    const written = put(store, "a", "2");
    await late.asked.promise;
    const read = store.range({ key: k("a"), end: k("c"), revision: 5, keysOnly: true });
    late.answer.resolve();
    equal((await written).revision, 7);
    const found = (await read).kvs.map(
      ({ key, modRevision }) => `${key.toString()}@${modRevision}`,
    );
    deepEqual(found, ["a@2", "b@5"]);
    await watch.until(({ events }) => events.length === 1);
    equal(watch.text, "+a=2@7(was 1)");
  });
});
