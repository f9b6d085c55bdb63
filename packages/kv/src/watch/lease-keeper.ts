import { randomInt } from "node:crypto";
import type { RevokeRequest } from "../store/decide-revoke.ts";
import { keyOf } from "../store/key-text.ts";
import type { LeaseBook } from "../store/lease-book.ts";
import type { Lease, LeaseState, LeaseStore, Revision, TxnResult } from "../store/mvcc-store.ts";
import type { LeaseRows } from "../store/revision-log.ts";
import {
  failedPauseMs,
  grantedSeconds,
  leaseExists,
  leasesPerStep,
  revokeRequest,
  stepPauseMs,
  throwFailure,
  type LeaseClock,
} from "./lease-terms.ts";

/** What the keeper works with. */
export interface LeaseHost {
  readonly book: LeaseBook;
  readonly rows: LeaseRows;
  readonly clock: LeaseClock;
  run(request: RevokeRequest): Promise<TxnResult>;
  /** @throws {NoSpaceError | UnavailableError} New leases are refused. */
  checkGrant(): void;
  /** @throws {UnavailableError} */
  checkOpen(): void;
}

/** Grants leases, and ends them when they are due. */
export class LeaseKeeper implements LeaseStore {
  readonly #host: LeaseHost;
  readonly #granting = new Set<number>();
  /** Leases that are about to end; a keep-alive waits for what becomes of them. */
  readonly #ending = new Map<number, Promise<unknown>>();
  #alarm: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #step: Promise<void> | undefined;
  #closed = false;

  constructor(host: LeaseHost) {
    this.#host = host;
    this.#setAlarm();
  }

  async grant({ id, ttlSeconds }: Lease): Promise<Lease> {
    const { book, rows } = this.#host;
    this.#host.checkGrant();
    const granted = grantedSeconds(ttlSeconds);
    if (book.has(id) || this.#granting.has(id)) throw leaseExists(id);
    const lease = { id: id || this.#newId(), ttlSeconds: granted };
    this.#granting.add(lease.id);
    try {
      await rows.put(lease);
      book.add(lease);
    } finally {
      this.#granting.delete(lease.id);
    }
    this.#setAlarm();
    return lease;
  }

  async revoke(id: number): Promise<Revision> {
    this.#host.checkOpen();
    return (await this.#end(id, "now")).revision;
  }

  async keepAlive(id: number): Promise<Lease | undefined> {
    this.#host.checkOpen();
    await this.#ending.get(id)?.catch(() => undefined);
    const { book } = this.#host;
    book.renew(id);
    const lease = book.get(id);
    return lease && { id, ttlSeconds: lease.ttlSeconds };
  }

  async timeToLive(id: number): Promise<LeaseState | undefined> {
    const { book, clock } = this.#host;
    const lease = book.get(id);
    if (!lease) return undefined;
    const remainingMs = Math.max(0, lease.dueMs - clock.nowMs());
    return {
      id,
      ttlSeconds: lease.ttlSeconds,
      remainingSeconds: Math.floor(remainingMs / 1000),
      keys: [...book.keysOf(id)].sort().map(keyOf),
    };
  }

  async list(): Promise<readonly Lease[]> {
    return this.#host.book.byDue().map(({ id, ttlSeconds }) => ({ id, ttlSeconds }));
  }

  /** Ends no more leases; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#alarm?.cancel();
    await this.#step;
  }

  #newId(): number {
    const id = randomInt(1, 2 ** 47);
    return this.#host.book.has(id) || this.#granting.has(id) ? this.#newId() : id;
  }

  async #end(lease: number, when: "now" | "due"): Promise<TxnResult> {
    const { book, rows } = this.#host;
    const removing: Promise<void>[] = [];
    const done = (): void => {
      book.remove(lease);
      // At once, so that a grant of the same id is written after it.
      removing.push(Promise.resolve(rows.remove(lease)));
    };
    const ending = this.#host.run(revokeRequest({ lease, when, done }));
    this.#ending.set(lease, ending);
    try {
      const result = await ending;
      await Promise.all(removing);
      return result;
    } finally {
      if (this.#ending.get(lease) === ending) this.#ending.delete(lease);
    }
  }

  #setAlarm(leastMs = 0): void {
    const { book, clock } = this.#host;
    const dueMs = book.firstDueMs();
    if (this.#closed || dueMs === undefined || this.#step) return;
    const atMs = Math.max(dueMs, clock.nowMs() + leastMs);
    if (this.#alarm && this.#alarm.atMs <= atMs) return;
    this.#alarm?.cancel();
    // A timer may ring a little before its time, and a lease never ends early.
    const cancel = clock.after(Math.ceil(atMs - clock.nowMs()), () => this.#ring());
    this.#alarm = { atMs, cancel };
  }

  #ring(): void {
    this.#alarm = undefined;
    let pauseMs = stepPauseMs;
    this.#step = this.#endDue()
      .catch(() => {
        // The store refuses for now; leases may end late.
        pauseMs = failedPauseMs;
      })
      .finally(() => {
        this.#step = undefined;
        this.#setAlarm(pauseMs);
      });
  }

  async #endDue(): Promise<void> {
    const due = this.#host.book.due(leasesPerStep);
    throwFailure(await Promise.allSettled(due.map((id) => this.#end(id, "due"))));
  }
}
