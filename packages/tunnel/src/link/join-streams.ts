import type { Duplex } from "node:stream";

/** How long the last bytes of somebody who has gone may wait for a reader. */
const lingerMs = 10_000;

/**
 * Passes bytes both ways with back-pressure. Each side may end by itself; a side that breaks off
 * takes the other with it.
 */
export function joinStreams(one: Duplex, other: Duplex): void {
  passOn(one, other);
  passOn(other, one);
}

/**
 * Passes bytes one way, and the end. Not by `pipe`, which takes 1.5 KiB more for as long as it lasts.
 * `onWrite` is told how many seconds `to` took until it wanted more.
 */
export function passOn(from: Duplex, to: Duplex, onWrite?: (seconds: number) => void): void {
  let heldAtMs = 0;
  const resume = (): void => {
    onWrite?.((performance.now() - heldAtMs) / 1000);
    from.resume();
  };
  from.on("data", (chunk: Buffer) => {
    if (to.write(chunk)) {
      onWrite?.(0);
      return;
    }
    from.pause();
    if (onWrite) heldAtMs = performance.now();
    to.once("drain", resume);
  });
  from.once("end", () => to.end());
  endTogether(from, to);
  from.resume();
}

/** Lets `to` break off where `from` does. */
export function endTogether(from: Duplex, to: Duplex): void {
  from.on("error", () => {
    // `close` follows.
  });
  from.once("close", () => {
    // Without an end it was a loss.
    if (!from.readableEnded || !to.writableEnded) breakOff(to);
    // Nobody is left to read what the other still sends.
    else if (from.errored || !from.writableFinished) endSoon(to);
  });
}

/** Breaks off a stream as soon as what was written to it has left. */
function endSoon(stream: Duplex): void {
  if (stream.writableFinished) {
    breakOff(stream);
    return;
  }
  const late = setTimeout(() => breakOff(stream), lingerMs).unref();
  stream.once("finish", () => breakOff(stream));
  stream.once("close", () => clearTimeout(late));
}

/** By an error: without one an HTTP/2 stream would look to its peer as if it had ended by itself. */
function breakOff(stream: Duplex): void {
  stream.destroy(new Error("the other side has gone"));
}
