import type { MvccStore } from "../store/mvcc-store.ts";

/** How often leases are looked at, in milliseconds. */
const everyMs = 1000;

/** Given to a lease that has ended at its source by the time that its key is seen. */
const endedLeaseSeconds = 60;

interface Mirrored {
  readonly ttlSeconds: number;
  /** By the process's clock, in milliseconds. */
  keptAliveMs: number;
}

/** Keeps leases of a store alive in another for as long as their source has them. */
export class LeaseMirror implements AsyncDisposable {
  readonly #from: MvccStore;
  readonly #to: MvccStore;
  readonly #leases = new Map<number, Mirrored>();
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;

  constructor({ from, to }: { readonly from: MvccStore; readonly to: MvccStore }) {
    this.#from = from;
    this.#to = to;
    this.#timer = setInterval(() => this.#startRound(), everyMs).unref();
  }

  /** Takes over the leases that the target has got by a restore. */
  async adopt(): Promise<void> {
    for (const { id, ttlSeconds } of (await this.#to.leases?.list()) ?? []) {
      this.#leases.set(id, { ttlSeconds, keptAliveMs: performance.now() });
    }
  }

  /** Sees to it that the target has a lease. */
  async ensure(id: number): Promise<void> {
    if (this.#leases.has(id)) return;
    const state = await this.#from.leases?.timeToLive(id);
    const ttlSeconds = state?.ttlSeconds ?? endedLeaseSeconds;
    if (!(await this.#to.leases?.timeToLive(id))) await this.#to.leases?.grant({ id, ttlSeconds });
    this.#leases.set(id, { ttlSeconds, keptAliveMs: performance.now() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  #startRound(): void {
    this.#round ??= this.#keepAlive()
      // The next round tries again; leases have two thirds of their time left.
      .catch(() => undefined)
      .finally(() => {
        this.#round = undefined;
      });
  }

  async #keepAlive(): Promise<void> {
    const now = performance.now();
    for (const [id, lease] of this.#leases) {
      if (now - lease.keptAliveMs < (lease.ttlSeconds * 1000) / 3) continue;
      if (!(await this.#from.leases?.timeToLive(id))) {
        this.#leases.delete(id);
        continue;
      }
      await this.#to.leases?.keepAlive(id);
      lease.keptAliveMs = now;
    }
  }
}
