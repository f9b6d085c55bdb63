import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryRevisionLog } from "../memory/memory-revision-log.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
import type {
  ChangesPage,
  ChangesRequest,
  LogChange,
  LogTurn,
  RevisionLog,
} from "../store/revision-log.ts";
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
      return log.rows(positions).map((row) => row && copyOf(row));
    };
    const changes = (request: ChangesRequest): ChangesPage => {
      const page = log.changes(request);
      return { ...page, changes: page.changes.map(copyOf) };
    };
    const begin = (): LogTurn => {
      const turn = log.begin();
      return { ...turn, commit: (all) => turn.commit(all.map(copyOf)) };
    };
    const own = new Map<string | symbol, unknown>(
      Object.entries({ rows, changes, begin, keepsValues: false }),
    );
    this.log = new Proxy<RevisionLog>(log, {
      get: (_, name) => {
        if (own.has(name)) return own.get(name);
        const member: unknown = Reflect.get(log, name, log);
        return typeof member === "function" ? (member.bind(log) as unknown) : member;
      },
    });
  }
}

/** As one in a database does, the log has rows of its own, whatever the memory drops. */
function copyOf(row: LogChange): LogChange {
  return { ...row, previous: undefined };
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

describe("a watch that reads on while previous values are being read for it", () => {
  it("has every change, though they leave the memory meanwhile", async () => {
    const late = new LateLog();
    await using store = await openLogMvccStore(late.log, {
      ring: { maxChanges: 3, maxBytes: 1e6 },
    });
    await put(store, "a", "1");
    for (const value of ["1", "2"]) await put(store, "b", value);
    await put(store, "a", "2");
    const request = { key: k("a"), end: k("c"), previous: true, startRevision: 3 };
    const watch = new RecordingWatch(store, request);
    await late.asked.promise;
    for (const value of ["3", "4", "5", "6"]) await put(store, "b", value);
    late.answer.resolve();
    await watch.until(({ events }) => events.length === 7);
    deepEqual(
      watch.events.map(({ kv }) => `${kv.value.toString()}@${kv.modRevision}`),
      ["1@3", "2@4", "2@5", "3@6", "4@7", "5@8", "6@9"],
    );
  });
});
