import { formatTime } from "../shared/format-time.ts";
import type { LeaderLock, LockState } from "./leader-lock.ts";
import { planLease, releasedRecord } from "./plan-lease.ts";

/** Durations of KubeFedConfig's `leaderElect`. */
export interface LeaseTimings {
  /** How long others wait after the last renewal that they saw. */
  readonly leaseDurationMs: number;
  /** How long a leader goes on without a renewal; less than the lease. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

/** What an election is given. */
export interface ElectionOptions {
  readonly lock: LeaderLock;
  /** Differs between candidates; a candidate that comes back under its own name need not wait. */
  readonly identity: string;
  readonly timings: () => LeaseTimings;
  /** A clock that never jumps, for all decisions. */
  readonly monotonicMs: () => number;
  /** The time of day, for people. */
  readonly nowMs: () => number;
  /** Never rejects; resolves early when `signal` aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told once for each holder that is waited for. */
  readonly onWaiting: (holder: string) => void;
  /** Told of each failed try; the next one follows. */
  readonly onError: (error: unknown) => void;
}

/** Thrown when somebody else leads now, or may. */
export class LeaseLostError extends Error {
  override readonly name: string = "LeaseLostError";
}

/** A candidate. */
export interface Election {
  /** Whether a write may start now: false from the moment on when somebody else may lead. */
  isLeading(): boolean;
  /**
   * Waits for the lease, leads, and lets go of it when `signal` aborts. The signal given to `lead`
   * aborts at once when the lease is lost.
   *
   * @throws {LeaseLostError} If the lease was lost while leading.
   */
  run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Makes a candidate for a lock. */
export function createElection(options: ElectionOptions): Election {
  return new LockElection(options);
}

class LockElection implements Election {
  readonly #options: ElectionOptions;
  #observed: { readonly text: string; readonly atMs: number } | undefined;
  /** When the last renewal that succeeded was begun. */
  #renewedAtMs: number | undefined;
  #waitingFor = "";

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  isLeading(): boolean {
    return this.#renewedAtMs !== undefined && this.#options.monotonicMs() < this.#deadlineMs();
  }

  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    const lost = new AbortController();
    const ended = new AbortController();
    const leading = lead(AbortSignal.any([signal, lost.signal])).finally(() => ended.abort());
    try {
      await this.#keep(AbortSignal.any([signal, ended.signal]));
    } catch (error) {
      this.#renewedAtMs = undefined;
      lost.abort(error);
      // What it says now is of no interest: the loss is.
      await leading.catch(() => undefined);
      throw error;
    }
    try {
      await leading;
    } finally {
      // Where one part failed, the others must end as well.
      lost.abort();
      await this.#release();
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { delay, timings, onError } = this.#options;
    while (!signal.aborted) {
      try {
        if ((await this.#attempt(signal)) === "held") return true;
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
      await delay(timings().retryPeriodMs, signal);
    }
    return false;
  }

  /** Renews until `signal` aborts. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { delay, timings, onError, lock } = this.#options;
    for (;;) {
      const waitMs = Math.min(timings().retryPeriodMs, this.#remainingMs());
      await delay(Math.max(0, waitMs), signal);
      if (signal.aborted) return;
      if (this.#remainingMs() > 0) {
        try {
          const outcome = await this.#withinDeadline((either) => this.#attempt(either), signal);
          if (outcome === "other") throw new LeaseLostError(`"${lock.place}" has another holder`);
        } catch (error) {
          if (error instanceof LeaseLostError) throw error;
          if (signal.aborted) return;
          onError(error);
        }
      }
      if (this.#remainingMs() <= 0) {
        throw new LeaseLostError(`"${lock.place}" could not be renewed in time`);
      }
    }
  }

  async #attempt(signal: AbortSignal): Promise<"held" | "other" | "raced"> {
    const { lock, identity, monotonicMs, nowMs, timings, onWaiting } = this.#options;
    const startedMs = monotonicMs();
    const state = await lock.read(signal);
    const plan = planLease({
      identity,
      record: state.record,
      observedAtMs: this.#observe(state),
      nowMs: monotonicMs(),
      wallTime: formatTime(nowMs()),
      leaseDurationMs: timings().leaseDurationMs,
    });
    if (plan.kind === "wait") {
      if (plan.holder !== this.#waitingFor) onWaiting(plan.holder);
      this.#waitingFor = plan.holder;
      return "other";
    }
    if ((await lock.write(plan.record, state, signal)) === "lost") return "raced";
    this.#waitingFor = "";
    this.#renewedAtMs = startedMs;
    return "held";
  }

  /** Times in the record are whole seconds, so that only the revision tells of every renewal. */
  #observe({ record, object }: LockState): number {
    const text = object?.metadata.resourceVersion ?? JSON.stringify(record ?? null);
    if (this.#observed?.text !== text) {
      this.#observed = { text, atMs: this.#options.monotonicMs() };
    }
    return this.#observed.atMs;
  }

  /** A renewal that hangs must not be waited for beyond the deadline. */
  async #withinDeadline<T>(
    attempt: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const late = new AbortController();
    const timer = new AbortController();
    const either = AbortSignal.any([signal, late.signal]);
    const deadline = Promise.withResolvers<never>();
    void this.#options.delay(this.#remainingMs(), timer.signal).then(() => {
      if (timer.signal.aborted) return;
      const error = new Error("no answer came before the deadline of the renewal");
      late.abort(error);
      deadline.reject(error);
    });
    try {
      return await Promise.race([attempt(either), deadline.promise]);
    } finally {
      timer.abort();
    }
  }

  async #release(): Promise<void> {
    const { lock, identity, nowMs, onError } = this.#options;
    this.#renewedAtMs = undefined;
    const signal = AbortSignal.timeout(releaseWithinMs);
    try {
      const state = await lock.read(signal);
      if (state.record?.holderIdentity !== identity) return;
      await lock.write(releasedRecord(state.record, formatTime(nowMs())), state, signal);
    } catch (error) {
      // The lease then ends by itself.
      onError(error);
    }
  }

  #deadlineMs(): number {
    return (this.#renewedAtMs ?? -Infinity) + this.#options.timings().renewDeadlineMs;
  }

  #remainingMs(): number {
    return this.#deadlineMs() - this.#options.monotonicMs();
  }
}

const releaseWithinMs = 2000;
