import type { CachedObject } from "./cached-object.ts";

/** One change of one object, as every watcher of the resource is told it. */
export interface CacheEvent {
  readonly revision: number;
  /** After the change; absent: deleted. */
  readonly object: CachedObject | undefined;
  /** Before it; absent: new. */
  readonly previous: CachedObject | undefined;
  /** Encoded forms, made on first demand and shared by all watchers that want them. */
  readonly forms: Map<string, Buffer | Promise<Buffer>>;
}

/** What the change is to a watcher with a selector. */
export interface SelectedEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** The state to show; for DELETED the last one, with the deletion's revision. */
  readonly object: CachedObject;
}

/** Whether an object is in a watcher's range and selection. */
export type ObjectFilter = (object: CachedObject) => boolean;

/**
 * Translates a change for one selection: an object that starts to match is ADDED, one that stops
 * is DELETED in its old state.
 */
export function selectEvent(event: CacheEvent, matches: ObjectFilter): SelectedEvent | undefined {
  const { object, previous } = event;
  const matched = previous !== undefined && matches(previous);
  if (object !== undefined && matches(object)) {
    return { type: matched ? "MODIFIED" : "ADDED", object };
  }
  return matched ? { type: "DELETED", object: previous } : undefined;
}

/** An event without encoded forms yet. */
export function cacheEvent(
  revision: number,
  change: {
    readonly object: CachedObject | undefined;
    readonly previous: CachedObject | undefined;
  },
): CacheEvent {
  return { revision, object: change.object, previous: change.previous, forms: new Map() };
}
