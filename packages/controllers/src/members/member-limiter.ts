import type { MemberLimits } from "../shared/federation-settings.ts";

/** Why a member is given fewer requests. */
export type OverloadCause = "429" | "5xx" | "timeout";

/** What one request came to, for the limiter. */
export type RequestVerdict =
  | { readonly kind: "fine" }
  | { readonly kind: "overload"; readonly cause: OverloadCause; readonly retryAfterMs?: number };

/** What a limiter stands on. */
export interface MemberLimiterOptions {
  /** What is configured now. */
  readonly limits: () => MemberLimits;
  /** A steady clock. */
  readonly nowMs: () => number;
  readonly onBackoff?: (cause: OverloadCause) => void;
}

const minPerSecond = 1;
const windowMs = 1000;
const maxPauseMs = 60_000;
// A quarter more each second without trouble: from 1 to 1000 a second in half a minute.
const recovery = 1.25;
// Whoever does not come back for its turn loses it.
const ticketMs = 30_000;

/**
 * Gives one member so many requests a second: a token bucket that is halved where the member says
 * that it has enough (429, 5xx, no answer) and recovers slowly. Those who must not wait get a
 * ticket: the time at which their turn is.
 */
export class MemberLimiter {
  readonly #options: MemberLimiterOptions;
  readonly #tickets = new Map<string, number>();
  #allowed = Number.POSITIVE_INFINITY;
  #nextMs = 0;
  #pausedUntilMs = 0;
  #changedMs = -Infinity;
  #slowedSinceMs: number | undefined;
  #window = { startMs: -Infinity, sent: 0, bad: 0, before: 0 };

  constructor(options: MemberLimiterOptions) {
    this.#options = options;
  }

  /** Requests a second that the member is given now. */
  get allowedPerSecond(): number {
    this.#recover();
    return Math.min(this.#allowed, this.#options.limits().qps);
  }

  /** Since when it has been given fewer than configured, by the steady clock. */
  get slowedSinceMs(): number | undefined {
    this.#recover();
    return this.#slowedSinceMs;
  }

  /** Takes the next turn. In how many milliseconds it is; 0 is now. */
  reserve(): number {
    const nowMs = this.#options.nowMs();
    const perSecond = this.allowedPerSecond;
    const { qps, burst } = this.#options.limits();
    const intervalMs = 1000 / perSecond;
    const slackMs = Math.max(0, burst * (perSecond / qps) - 1) * intervalMs;
    const dueMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = dueMs + intervalMs;
    return Math.max(0, dueMs - slackMs - nowMs, this.#pausedUntilMs - nowMs);
  }

  /**
   * Asks for a turn under a name. 0: it is now, and taken. Else in how many milliseconds to ask
   * again under that name.
   */
  ask(ticket: string): number {
    const nowMs = this.#options.nowMs();
    const known = this.#tickets.get(ticket);
    if (known !== undefined && nowMs < known) return known - nowMs;
    if (known !== undefined) this.#tickets.delete(ticket);
    if (known !== undefined && nowMs - known <= ticketMs && nowMs >= this.#pausedUntilMs) return 0;
    const delayMs = this.reserve();
    if (delayMs > 0) this.#keep(ticket, nowMs + delayMs, nowMs);
    return delayMs;
  }

  /** Learns what a request came to. */
  note(verdict: RequestVerdict): void {
    const nowMs = this.#options.nowMs();
    this.#roll(nowMs);
    this.#window.sent++;
    if (verdict.kind === "fine") return;
    this.#window.bad++;
    const { retryAfterMs = 0, cause } = verdict;
    if (retryAfterMs > 0) {
      const untilMs = nowMs + Math.min(retryAfterMs, maxPauseMs);
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
      this.#nextMs = Math.max(this.#nextMs, this.#pausedUntilMs);
    }
    // One object that a webhook breaks is no overload.
    if (cause === "5xx" && this.#window.bad * 2 < this.#window.sent) return;
    if (nowMs - this.#changedMs < windowMs && this.#slowedSinceMs !== undefined) return;
    const recent = Math.max(this.#window.before, this.#window.sent, 2 * minPerSecond);
    this.#allowed = Math.max(minPerSecond, Math.min(this.allowedPerSecond, recent) / 2);
    this.#changedMs = nowMs;
    this.#slowedSinceMs ??= nowMs;
    this.#options.onBackoff?.(cause);
  }

  #keep(ticket: string, atMs: number, nowMs: number): void {
    for (const [oldest, turnMs] of this.#tickets) {
      if (nowMs - turnMs <= ticketMs) break;
      this.#tickets.delete(oldest);
    }
    this.#tickets.set(ticket, atMs);
  }

  #recover(): void {
    if (this.#slowedSinceMs === undefined) return;
    const nowMs = this.#options.nowMs();
    const seconds = Math.floor((nowMs - Math.max(this.#changedMs, this.#pausedUntilMs)) / windowMs);
    if (seconds < 1) return;
    this.#allowed *= recovery ** seconds;
    this.#changedMs = Math.max(this.#changedMs, this.#pausedUntilMs) + seconds * windowMs;
    if (this.#allowed < this.#options.limits().qps) return;
    this.#allowed = Number.POSITIVE_INFINITY;
    this.#slowedSinceMs = undefined;
  }

  #roll(nowMs: number): void {
    const { startMs, sent } = this.#window;
    if (nowMs - startMs < windowMs) return;
    const before = nowMs - startMs < 2 * windowMs ? sent : 0;
    this.#window = { startMs: nowMs, sent: 0, bad: 0, before };
  }
}
