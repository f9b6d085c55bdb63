const bufferBytes = 64 * 1024;
// 4 MiB at most.
const mostKept = 64;

/** Buffers to read into, used again and again. */
export class BufferPool {
  /** For reads whose bytes are copied at once: nothing else runs between a read and its callback. */
  readonly shared: Uint8Array = Buffer.allocUnsafeSlow(bufferBytes);
  readonly #free: Uint8Array[] = [];

  /** A buffer for one read; `give` it back when its bytes are on their way. */
  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  }

  give(buffer: Uint8Array): void {
    if (this.#free.length < mostKept) this.#free.push(buffer);
  }
}
