import { StatusError } from "@cellplane/apimachinery";
import type { ResourceRequest } from "./resource-request.ts";
import { unlessAborted } from "../request/unless-aborted.ts";
import type { WatchCache } from "../watch-cache/watch-cache.ts";

const futureWaitMs = 3000;

/** How new a read must be: `""` the newest, 0 whatever there is, else not older than that revision. */
export type Freshness = "newest" | number;

/**
 * Waits until the cache is new enough; `undefined`: it is, as nearly always. Where the store is away
 * a read that may be older is answered, with a warning of how old.
 *
 * @throws {UnavailableError} Nothing is answered from a history that the store has lost.
 * @throws {StatusError} 504 for a revision that does not come within 3 s
 */
export function awaitFreshness(
  { request, store: { cache } }: Pick<ResourceRequest, "request" | "store">,
  freshness: Freshness,
): Promise<void> | undefined {
  if (freshness === "newest") {
    const ready = cache.reachHead();
    return ready && unlessAborted(ready, request.deadline());
  }
  cache.checkHistory();
  warnOfAge(cache, request.warnings);
  if (cache.isAt(freshness)) return undefined;
  if (freshness === 0) return unlessAborted(cache.reach(0), request.deadline());
  return awaitRevision(cache, freshness, request.deadline());
}

function warnOfAge(cache: WatchCache, warnings: string[]): void {
  const { staleMs } = cache;
  if (staleMs === undefined) return;
  const age = Math.ceil(staleMs / 1000);
  warnings.push(`the database cannot be reached; this is what it had ${age}s ago`);
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
