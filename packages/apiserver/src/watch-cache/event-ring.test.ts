import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { cacheEvent } from "./cache-event.ts";
import { EventRing } from "./event-ring.ts";

function push(ring: EventRing, revision: number): void {
  ring.push(cacheEvent(revision, { object: undefined, previous: undefined }));
}

function after(ring: EventRing, revision: number): readonly number[] {
  return ring.after(revision).map((event) => event.revision);
}

describe("EventRing", () => {
  it("tells what came after a revision", () => {
    const ring = new EventRing(5, { events: 10, bytes: 1000 });
    for (const revision of [7, 9, 12]) push(ring, revision);
    deepEqual(after(ring, 5), [7, 9, 12]);
    deepEqual(after(ring, 8), [9, 12]);
    deepEqual(after(ring, 12), []);
    equal(ring.base, 5);
  });

  it("drops the oldest above its bound, and knows from where on it is whole", () => {
    const ring = new EventRing(0, { events: 3, bytes: 1000 });
    for (let revision = 1; revision <= 5000; revision += 1) push(ring, revision);
    equal(ring.base, 4997);
    deepEqual(after(ring, ring.base), [4998, 4999, 5000]);
  });
});
