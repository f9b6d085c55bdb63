/** A wait is worth at most so much of what the batch before it took. */
const shareOfBatch = 1 / 4;
const mostMs = 5;

/**
 * Whether the next batch should wait for more. Those whose batch has just been committed often write
 * again at once; where a commit takes long, it is better shared with them than made twice as often
 * for half of them each. Where it is quick, or nobody waits for it, nothing is waited for.
 */
export class BatchCompany {
  #wanted = 0;
  #arrived: (() => void) | undefined;

  /** Resolves when so many wait for the next batch, and soon in any case. */
  async gather(
    batch: { readonly answered: number; readonly tookMs: number },
    waiting: { readonly now: number; readonly most: number },
  ): Promise<void> {
    const patienceMs = Math.min(mostMs, Math.floor(batch.tookMs * shareOfBatch));
    if (waiting.now === 0 || waiting.now >= waiting.most || patienceMs < 1) return;
    this.#wanted = Math.min(waiting.most, waiting.now + batch.answered);
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, patienceMs);
    this.#arrived = resolve;
    await promise;
    clearTimeout(late);
    this.#arrived = undefined;
  }

  /** So many wait now. */
  note(waiting: number): void {
    if (this.#arrived && waiting >= this.#wanted) this.#arrived();
  }
}
