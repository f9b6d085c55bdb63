import type { Writable } from "node:stream";

/** Writes chunks as the client takes them, each in a turn of its own so that others get theirs. */
export function writeChunks(to: Writable, chunks: Iterable<Buffer>): void {
  const iterator = chunks[Symbol.iterator]();
  const step = (): void => {
    if (to.destroyed) return;
    const next = iterator.next();
    if (next.done === true) to.end();
    else if (to.write(next.value)) setImmediate(step);
    else to.once("drain", step);
  };
  step();
}
