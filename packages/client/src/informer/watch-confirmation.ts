// A watch tells of a write within a moment; a server under load may take a few seconds.
const patienceMs = 8000;

/**
 * Whether a watch tells what is known to have happened: one's own writes, at the resourceVersion
 * that the server answered. A watch that stays open and tells nothing would go unnoticed otherwise.
 */
export class WatchConfirmation {
  #seen = 0;
  #written = 0;
  #sinceMs: number | undefined;
  #isDoubted = false;

  /** A write was answered with this version. */
  written(version: string | undefined, nowMs: number): void {
    const revision = Number(version);
    if (!Number.isSafeInteger(revision) || revision <= this.#seen) return;
    this.#written = Math.max(this.#written, revision);
    this.#sinceMs ??= nowMs;
  }

  /** The watch has told everything up to this version. */
  told(version: string | undefined): void {
    this.#isDoubted = false;
    this.#reach(version);
  }

  /** A list has shown everything up to this version; the watch has yet to prove itself. */
  listed(version: string | undefined): void {
    this.#reach(version);
  }

  /** Whether the watch is not to be relied on. It stays so until it tells something again. */
  isDoubted(nowMs: number): boolean {
    if (this.#sinceMs !== undefined && nowMs - this.#sinceMs > patienceMs) this.#isDoubted = true;
    return this.#isDoubted;
  }

  #reach(version: string | undefined): void {
    const revision = Number(version);
    if (!Number.isSafeInteger(revision)) return;
    this.#seen = Math.max(this.#seen, revision);
    if (this.#seen >= this.#written) this.#sinceMs = undefined;
  }
}
