import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { LeaseBook } from "./lease-book.ts";

describe("LeaseBook", () => {
  it("tells what is due, and when the first is, through grants, renewals and ends", () => {
    let now = 0;
    const book = new LeaseBook(() => now);
    const due = new Map<number, number>();
    // A fixed sequence that looks like none.
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 0x7fff_ffff) % below;
    for (let step = 0; step < 5000; step++) {
      now += random(40);
      const id = random(300);
      const ttlSeconds = 2 + random(30);
      switch (random(4)) {
        case 0:
          book.remove(id);
          due.delete(id);
          break;
        case 1:
          book.renew(id);
          if (due.has(id)) due.set(id, now + (book.get(id)?.ttlSeconds ?? 0) * 1000);
          break;
        default:
          book.add({ id, ttlSeconds });
          due.set(id, now + ttlSeconds * 1000);
      }
      const over = Array.from(due).filter(([, dueMs]) => dueMs <= now);
      deepEqual(
        [...book.due(1000)].sort((a, b) => a - b),
        over.map(([lease]) => lease).sort((a, b) => a - b),
      );
      equal(book.firstDueMs(), due.size > 0 ? Math.min(...due.values()) : undefined);
      for (const [lease] of over.slice(0, 3)) {
        book.remove(lease);
        due.delete(lease);
      }
    }
  });

  it("finds what is due among 100,000 leases that are kept alive without looking at all of them", () => {
    let now = 0;
    const book = new LeaseBook(() => now);
    for (let id = 1; id <= 100_000; id++) book.add({ id, ttlSeconds: 60 + (id % 100) });
    const granted = book.steps;
    ok(granted < 100_000 * 20, `${granted} steps for granting`);
    for (let id = 1; id <= 1000; id++) book.renew(id);
    equal(book.steps, granted);
    now = 60_000;
    deepEqual(book.due(64).length, 64);
    for (let look = 0; look < 1000; look++) book.firstDueMs();
    // 64 of them, and those before that were renewed: each is moved through the height of the heap.
    ok(book.steps - granted < 8 * 64 * 17, `${book.steps - granted} steps for a look`);
  });
});
