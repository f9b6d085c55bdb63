import { randomInt } from "node:crypto";
import type { RevokeRequest } from "../store/decide-revoke.ts";
import { keyOf } from "../store/key-text.ts";
import type { Lease, LeaseState, LeaseStore, Revision, TxnResult } from "../store/mvcc-store.ts";
import type { LeaseRow, SharedLeases } from "../store/revision-log.ts";
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

/** How often leases are looked after, in milliseconds: so late may one end. */
const lookEveryMs = 1000;

/** Most keep-alives of one round. */
const keptAlivePerRound = 1000;

/** What the keeper works with. */
export interface SharedLeaseHost {
  readonly rows: SharedLeases;
  readonly clock: LeaseClock;
  run(request: RevokeRequest): Promise<TxnResult>;
  /** @throws {NoSpaceError | UnavailableError} New leases are refused. */
  checkGrant(): void;
  /** @throws {UnavailableError} */
  checkOpen(): void;
}

/**
 * The leases of a log that several processes have open. All of them look for what is due, and whoever
 * finds it ends it; under the lock it is looked at again, so that each lease ends once, and none
 * that was kept alive meanwhile.
 */
export class SharedLeaseKeeper implements LeaseStore {
  readonly #host: SharedLeaseHost;
  /** Keep-alives that wait for the next round; a round takes all that came during the one before. */
  #waiting = new Map<number, PromiseWithResolvers<LeaseRow | undefined>>();
  #rounds: Promise<void> | undefined;
  #cancelAlarm: (() => void) | undefined;
  #step: Promise<void> | undefined;
  #closed = false;

  constructor(host: SharedLeaseHost) {
    this.#host = host;
    this.#look();
  }

  async grant({ id, ttlSeconds }: Lease): Promise<Lease> {
    this.#host.checkGrant();
    const lease = { id: id || randomInt(1, 2 ** 47), ttlSeconds: grantedSeconds(ttlSeconds) };
    const outcome = await this.#host.rows.grant(lease);
    // A number of our own choice that exists is ours: the answer to its grant was lost.
    if (outcome === "exists" && id !== 0) throw leaseExists(id);
    return lease;
  }

  async revoke(id: number): Promise<Revision> {
    this.#host.checkOpen();
    return (await this.#end(id, "now")).revision;
  }

  async keepAlive(id: number): Promise<Lease | undefined> {
    this.#host.checkOpen();
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<LeaseRow | undefined>();
    this.#waiting.set(id, waiting);
    // From a microtask, so that those who arrive in the same turn of the event loop share a round.
    this.#rounds ??= Promise.resolve().then(() => this.#runRounds());
    return waiting.promise;
  }

  async timeToLive(id: number): Promise<LeaseState | undefined> {
    this.#host.checkOpen();
    const state = await this.#host.rows.state(id);
    if (!state) return undefined;
    const { ttlSeconds, remainingMs, keys } = state;
    const remainingSeconds = Math.floor(Math.max(0, remainingMs) / 1000);
    return { id, ttlSeconds, remainingSeconds, keys: keys.map(keyOf) };
  }

  async list(): Promise<readonly Lease[]> {
    this.#host.checkOpen();
    return this.#host.rows.list();
  }

  /** Looks after leases no more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelAlarm?.();
    await this.#step;
    await this.#rounds;
  }

  #end(lease: number, when: "now" | "due"): Promise<TxnResult> {
    return this.#host.run(revokeRequest({ lease, when, done: () => undefined }));
  }

  async #runRounds(): Promise<void> {
    while (this.#waiting.size > 0) {
      const round = new Map([...this.#waiting].slice(0, keptAlivePerRound));
      for (const id of round.keys()) this.#waiting.delete(id);
      try {
        const kept = await this.#host.rows.keepAlive([...round.keys()]);
        for (const [id, { resolve }] of round) resolve(kept.get(id));
      } catch (error) {
        for (const { reject } of round.values()) reject(error);
      }
    }
    this.#rounds = undefined;
  }

  #look(): void {
    if (this.#closed) return;
    const { clock } = this.#host;
    const begunMs = clock.nowMs();
    let nextMs = failedPauseMs;
    this.#step = this.#endDue()
      .then((ms) => {
        nextMs = ms;
      })
      .catch(() => {
        // The database is away, or refuses; leases may end late.
      })
      .finally(() => {
        this.#step = undefined;
        this.#setAlarm(begunMs + nextMs);
      });
  }

  #setAlarm(atMs: number): void {
    if (this.#closed) return;
    const { clock } = this.#host;
    const ms = Math.ceil(atMs - clock.nowMs());
    if (ms <= 0) return this.#look();
    this.#cancelAlarm = clock.after(ms, () => this.#look());
  }

  /** Ends what is due, and tells when to look again, in milliseconds from the beginning of this look. */
  async #endDue(): Promise<number> {
    const { ids, nextMs } = await this.#host.rows.due(leasesPerStep);
    if (this.#closed || ids.length === 0) return Math.min(lookEveryMs, nextMs ?? lookEveryMs);
    throwFailure(await Promise.allSettled(ids.map((id) => this.#end(id, "due"))));
    return stepPauseMs;
  }
}
