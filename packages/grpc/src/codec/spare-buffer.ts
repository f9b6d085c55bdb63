// What is longer is given back to the system.
const mostKeptBytes = 2 * 1024 * 1024;

/** One large buffer for all writers that now and then need one, and hand it back when they are done. */
export class SpareBuffer {
  #bytes: Buffer | undefined;

  /** The buffer, if it is there and has so many bytes. */
  take(bytes: number): Buffer | undefined {
    const spare = this.#bytes;
    if (!spare || spare.length < bytes) return undefined;
    this.#bytes = undefined;
    return spare;
  }

  /** Takes a buffer that nobody uses any more. */
  give(bytes: Buffer): void {
    if (bytes.length > mostKeptBytes || bytes.length <= (this.#bytes?.length ?? 0)) return;
    this.#bytes = bytes;
  }
}
