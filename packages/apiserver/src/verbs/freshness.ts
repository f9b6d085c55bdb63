import { StatusError } from "@cellplane/apimachinery";
import type { WatchCache } from "../watch-cache/watch-cache.ts";

const futureWaitMs = 3000;

/** How new a read must be: `""` the newest, 0 whatever there is, else not older than that revision. */
export type Freshness = "newest" | number;

/**
 * Waits until the cache is new enough; `undefined`: it is, as nearly always.
 *
 * @throws {StatusError} 504 for a revision that does not come within 3 s
 */
export function awaitFreshness(
  cache: WatchCache,
  freshness: Freshness,
  signal: () => AbortSignal,
): Promise<void> | undefined {
  if (freshness === "newest") {
    return cache.isAtHead() ? undefined : unlessAborted(cache.reachHead(), signal());
  }
  if (cache.isAt(freshness)) return undefined;
  if (freshness === 0) return unlessAborted(cache.reach(0), signal());
  return awaitRevision(cache, freshness, signal());
}

async function awaitRevision(
  cache: WatchCache,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(futureWaitMs)]);
  try {
    await cache.reach(revision, limit);
  } catch (error) {
    if (!limit.aborted || signal.aborted) throw error;
    throw tooLarge(revision, cache.revision);
  }
}

function tooLarge(revision: number, current: number): StatusError {
  const message = `Timeout: Too large resource version: ${revision}, current: ${current}`;
  return new StatusError("Timeout", message, {
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}

async function unlessAborted(ready: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([ready, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
