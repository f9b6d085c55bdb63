import { boundedSet } from "./bounded-map.ts";

// client-go's: a burst of 25 a source and object, then one in five minutes.
const burst = 25;
const refillMs = 300_000;
const maxSources = 4096;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Lets through only so many events a source and object, so that one that flaps fills no store. */
export class SpamFilter {
  readonly #buckets = new Map<string, Bucket>();

  /** Whether one more may pass. */
  admits(source: string, nowMs: number): boolean {
    const known = this.#buckets.get(source);
    const bucket = known ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / refillMs);
    bucket.atMs = nowMs;
    boundedSet(this.#buckets, source, bucket, maxSources);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
