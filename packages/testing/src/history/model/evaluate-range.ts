import type { RangeResultText, RangeText } from "../record/text.ts";
import type { KeyView } from "./timelines.ts";

/** What a range answers, but for the head that it tells. */
export function evaluateRange(
  request: RangeText,
  view: KeyView,
): Omit<RangeResultText, "revision"> {
  const all = view.list(request);
  const count = all.length;
  if (request.countOnly) return { kvs: [], count, more: false };
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  const kept = all.filter(
    ({ modRevision, createRevision }) =>
      !(minModRevision && modRevision < minModRevision) &&
      !(maxModRevision && modRevision > maxModRevision) &&
      !(minCreateRevision && createRevision < minCreateRevision) &&
      !(maxCreateRevision && createRevision > maxCreateRevision),
  );
  const limit = request.limit ?? 0;
  const more = limit > 0 && kept.length > limit;
  const shown = more ? kept.slice(0, limit) : kept;
  const kvs = request.keysOnly ? shown.map((kv) => ({ ...kv, value: "" })) : shown;
  return { kvs, count, more };
}
