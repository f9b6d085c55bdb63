import type { CacheEvent } from "./cache-event.ts";

/** How much recent history is kept for resumption. */
export interface EventRingLimits {
  readonly events: number;
  readonly bytes: number;
}

/** The recent events of one resource, oldest first, under a bound of number and bytes. */
export class EventRing {
  readonly #limits: EventRingLimits;
  /** Holes at the front are cut off in large steps, so that dropping is cheap. */
  #events: CacheEvent[] = [];
  #first = 0;
  #bytes = 0;
  #base: number;

  constructor(base: number, limits: EventRingLimits) {
    this.#base = base;
    this.#limits = limits;
  }

  /** All events above this revision are here. */
  get base(): number {
    return this.#base;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
    while (this.#isOver()) this.#shift();
    if (this.#first > 1024 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The events above `revision`, which must not be below `base`. */
  after(revision: number): readonly CacheEvent[] {
    let low = this.#first;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #isOver(): boolean {
    const count = this.#events.length - this.#first;
    return count > this.#limits.events || (count > 1 && this.#bytes > this.#limits.bytes);
  }

  #shift(): void {
    const event = this.#events[this.#first];
    if (!event) return;
    this.#first += 1;
    this.#bytes -= sizeOf(event);
    this.#base = event.revision;
  }
}

// The new state is in the index anyhow until it is replaced: count what the ring alone may hold.
function sizeOf(event: CacheEvent): number {
  return (event.object?.tail.length ?? 0) + (event.previous?.tail.length ?? 0);
}
