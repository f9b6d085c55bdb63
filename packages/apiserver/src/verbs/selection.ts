import type { ObjectFilter } from "../watch-cache/cache-event.ts";
import type { CacheScope } from "../watch-cache/subscribers.ts";
import type { ListOptions } from "./list-options.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** Which objects a list or watch is about. */
export interface Selection {
  readonly scope: CacheScope;
  /** Absent: all in the scope. */
  readonly filter: ObjectFilter | undefined;
}

/** Reads scope and selectors. @throws {StatusError} 400 */
export function parseSelection(target: ResourceRequest, _options: ListOptions): Selection {
  const { namespace } = target.request.info;
  return { scope: namespace === "" ? {} : { namespace }, filter: undefined };
}
