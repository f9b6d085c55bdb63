import type { Http2Session } from "node:http2";
import type { Duplex } from "node:stream";

const mebi = 1024 * 1024;

/**
 * Bytes that one stream may receive before they are read. The sender hears of more once half of them
 * were read, so that 50 ms are filled with 160 MiB/s at least. What waits for a reader that stands
 * still is this much at most.
 */
export const widestWindowBytes: number = 16 * mebi;

// 50 ms with 2.5 MiB/s at least, for as long as a thousand readers stand still.
const narrowestWindowBytes = mebi / 4;
/** Of one session: what may wait for readers that stand still, as long as there are fewer than a thousand. */
const mostHeldBytes = 256 * mebi;

/**
 * The window for the streams of a session where so many of them stand still. Node's HTTP/2 knows one
 * size for all streams of a session, so it is as wide as it may be for as long as few stand still.
 */
export function fitWindow(stalledStreams: number, heldBytes: number = mostHeldBytes): number {
  const share = heldBytes / Math.max(1, stalledStreams);
  // A power of two, so that it does not change with each stream that comes or goes.
  const fitting = 2 ** Math.floor(Math.log2(share));
  return Math.min(widestWindowBytes, Math.max(narrowestWindowBytes, fitting));
}

/** Keeps what waits at one end of a session for readers that stand still in bounds. */
export class StreamWindow {
  readonly #heldBytes: number;
  #bytes = widestWindowBytes;

  /** `heldBytes`: of the whole session, 256 MiB unless given. */
  constructor(heldBytes: number = mostHeldBytes) {
    this.#heldBytes = heldBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** To be called now and then with the session's streams. */
  fit(session: Http2Session | undefined, streams: Iterable<Duplex>): void {
    let stalled = 0;
    for (const stream of streams) if (stream.readableLength >= narrowestWindowBytes) stalled += 1;
    const bytes = fitWindow(stalled, this.#heldBytes);
    if (bytes === this.#bytes || !session || session.destroyed) return;
    this.#bytes = bytes;
    session.settings({ initialWindowSize: bytes });
  }
}
