/** What a queue holds: its time may be moved later while it is in there. */
export interface Due {
  dueMs: number;
  /** No longer wanted; the queue forgets it when it comes to it. */
  isOver: boolean;
}

interface Place<T> {
  /** When it was due as it was put here: never later than it is now. */
  readonly atMs: number;
  readonly item: T;
}

/** Below so many places the queue is not cleared of what is over. */
const fewPlaces = 1024;

/**
 * What is due first, without looking at all: a heap in which an item stays where it was put when
 * it is moved later or is over, and is put right when it comes to the top.
 */
export class DueQueue<T extends Due> {
  #heap: Place<T>[] = [];
  #over = 0;
  #steps = 0;

  /** How many places have been compared or moved so far: the work done. */
  get steps(): number {
    return this.#steps;
  }

  add(item: T): void {
    this.#push({ atMs: item.dueMs, item });
  }

  /** Notes that an item of the queue is over. */
  end(item: T): void {
    if (item.isOver) return;
    item.isOver = true;
    this.#over++;
    if (this.#heap.length > fewPlaces && this.#over * 2 > this.#heap.length) this.#clear();
  }

  /** What is due first; it stays in the queue. */
  first(): T | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      const { item, atMs } = top;
      if (!item.isOver && item.dueMs <= atMs) return item;
      this.#pop();
      if (item.isOver) this.#over--;
      else this.add(item);
    }
    return undefined;
  }

  /** At most `limit` items that are due, first ones first; they stay in the queue. */
  due(nowMs: number, limit: number): readonly T[] {
    const due: T[] = [];
    while (due.length < limit) {
      const first = this.first();
      if (!first || first.dueMs > nowMs) break;
      due.push(first);
      this.#pop();
    }
    for (const item of due) this.add(item);
    return due;
  }

  #clear(): void {
    const kept = this.#heap.filter(({ item }) => !item.isOver);
    this.#heap = [];
    this.#over = 0;
    for (const place of kept) this.#push(place);
  }

  #push(place: Place<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(place);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      this.#steps++;
      if (!above || above.atMs <= place.atMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = place;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const below = heap[child];
      this.#steps++;
      if (!below || below.atMs >= last.atMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }

  #smallerChild(at: number): number {
    const left = 2 * at + 1;
    const leftMs = this.#heap[left]?.atMs ?? Number.POSITIVE_INFINITY;
    const rightMs = this.#heap[left + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    return rightMs < leftMs ? left + 1 : left;
  }
}
