import type { KeyView } from "./key-index.ts";
import { keySpanOf } from "./key-text.ts";
import type { RangeRequest } from "./mvcc-store.ts";
import type { LogChange } from "./revision-log.ts";

/** The rows that answer a range, before their values are read. */
export interface RangeSelection {
  readonly rows: readonly LogChange[];
  readonly count: number;
  readonly more: boolean;
}

/** Whether the request looks at revisions of rows, so that the limit applies after that. */
export function hasFilters(request: RangeRequest): boolean {
  return Boolean(
    request.minModRevision ||
    request.maxModRevision ||
    request.minCreateRevision ||
    request.maxCreateRevision,
  );
}

/** Selects from live keys. The count is of all keys in the range, before filters and limit, as in etcd. */
export function selectLive(view: KeyView, request: RangeRequest): RangeSelection {
  const span = keySpanOf(request);
  if (span.single) {
    const row = view.get(span.start);
    return selectRows(row ? [row] : [], request);
  }
  if (request.countOnly) return { rows: [], count: view.count(span), more: false };
  if (hasFilters(request) || !request.limit) return selectRows(view.list(span, 0), request);
  const count = view.count(span);
  return { rows: view.list(span, request.limit), count, more: count > request.limit };
}

/** Selects from all rows of a range, in key order. */
export function selectRows(all: readonly LogChange[], request: RangeRequest): RangeSelection {
  const count = all.length;
  if (request.countOnly) return { rows: [], count, more: false };
  const kept = hasFilters(request) ? all.filter((row) => passes(row, request)) : all;
  const limit = request.limit ?? 0;
  if (limit <= 0 || kept.length <= limit) return { rows: kept, count, more: false };
  return { rows: kept.slice(0, limit), count, more: true };
}

function passes(row: LogChange, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (minModRevision && row.revision < minModRevision) return false;
  if (maxModRevision && row.revision > maxModRevision) return false;
  if (minCreateRevision && row.createRevision < minCreateRevision) return false;
  return !(maxCreateRevision && row.createRevision > maxCreateRevision);
}
