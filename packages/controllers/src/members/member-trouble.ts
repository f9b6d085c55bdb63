import { StatusError } from "@cellplane/apimachinery";

/** What is wrong with a member that can be reached: a word, and a sentence. */
export interface MemberTrouble {
  readonly reason:
    | "Unauthorized"
    | "Forbidden"
    | "WatchFailed"
    | "WatchStale"
    | "CacheNotSynced"
    | "Throttled";
  readonly message: string;
}

/** What a connection knows of its member. */
export interface MemberSigns {
  readonly watches: readonly {
    readonly resource: string;
    readonly error: Error | undefined;
    /** Its first list has been awaited for longer than it may take. */
    readonly isLate: boolean;
    /** Its watch is open, but has not told of what was written. */
    readonly isDoubted: boolean;
  }[];
  /** For how long it has been given fewer requests than configured, in milliseconds. */
  readonly slowedForMs: number;
}

// A hiccup is no trouble.
const slowedAfterMs = 3000;

/** Names the worst of what is wrong. The text stays the same as long as the trouble does. */
export function formatTrouble({ watches, slowedForMs }: MemberSigns): MemberTrouble | undefined {
  const failed = watches.flatMap(({ resource, error }) => (error ? [{ resource, error }] : []));
  const withCode = (code: number): readonly string[] =>
    failed
      .filter(({ error }) => error instanceof StatusError && error.code === code)
      .map(({ resource }) => resource);
  const unauthorized = withCode(401);
  if (unauthorized.length > 0) {
    return {
      reason: "Unauthorized",
      message: `it refuses the credential (401) for ${named(unauthorized)}`,
    };
  }
  const forbidden = withCode(403);
  if (forbidden.length > 0) {
    const message = `the credential may not list and watch ${named(forbidden)} (403)`;
    return { reason: "Forbidden", message };
  }
  if (slowedForMs > slowedAfterMs) {
    const message = "it answers with 429, 5xx or not in time, so it is given fewer requests";
    return { reason: "Throttled", message };
  }
  // One kind's trouble must not hide another's.
  const troubles = [describeFailed(failed), describeStale(watches), describeLate(watches)].filter(
    (trouble) => trouble !== undefined,
  );
  const [worst] = troubles;
  return worst && { ...worst, message: troubles.map(({ message }) => message).join("; ") };
}

function describeFailed(
  failed: readonly { readonly resource: string; readonly error: Error }[],
): MemberTrouble | undefined {
  const [first] = failed;
  if (!first) return undefined;
  const all = named(failed.map(({ resource }) => resource));
  return { reason: "WatchFailed", message: `${all} cannot be watched: ${first.error.message}` };
}

function describeStale(watches: MemberSigns["watches"]): MemberTrouble | undefined {
  const stale = watches.filter(({ isDoubted }) => isDoubted).map(({ resource }) => resource);
  if (stale.length === 0) return undefined;
  const message = `the watch of ${named(stale)} is open and does not tell of what was written; it is listed instead`;
  return { reason: "WatchStale", message };
}

function describeLate(watches: MemberSigns["watches"]): MemberTrouble | undefined {
  // Why the list of one that failed is overdue is told already.
  const late = watches
    .filter(({ isLate, error }) => isLate && !error)
    .map(({ resource }) => resource);
  if (late.length === 0) return undefined;
  return { reason: "CacheNotSynced", message: `the first list of ${named(late)} is overdue` };
}

/** Whether not one of the watches works, all for want of permission. */
export function isBlind(watches: readonly { readonly error: Error | undefined }[]): boolean {
  return watches.every(({ error }) => error instanceof StatusError && error.code === 403);
}

function named(resources: readonly string[]): string {
  const shown = resources.toSorted().slice(0, 5).join(", ");
  return resources.length > 5 ? `${shown} and ${resources.length - 5} more` : shown;
}
