import type { LabelSelectorExpression, LabelSelectorObject } from "../api/label-selector.ts";

/** A label selector as `kubectl -l` takes it; `everything` for the empty one. */
export function formatSelector({
  matchLabels = {},
  matchExpressions = [],
}: LabelSelectorObject): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const parts = [...equal, ...matchExpressions.map(formatExpression)];
  return parts.length === 0 ? "everything" : parts.join(",");
}

function formatExpression({ key, operator, values = [] }: LabelSelectorExpression): string {
  switch (operator) {
    case "In":
      return `${key} in (${values.join(",")})`;
    case "NotIn":
      return `${key} notin (${values.join(",")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return `${key} ${operator} (${values.join(",")})`;
  }
}
