import type { LabelSelectorExpression, LabelSelectorObject } from "../api/label-selector.ts";

/** A label set. */
export type LabelSet = Readonly<Record<string, string>>;

/** A selector ready to match, or why it is none. */
export type CompiledSelector =
  | { readonly kind: "selector"; readonly matches: (labels: LabelSet) => boolean }
  | { readonly kind: "invalid"; readonly message: string };

/** Compiles a label selector: absent matches nothing, `{}` matches everything. */
export function compileSelector(selector: LabelSelectorObject | undefined): CompiledSelector {
  if (selector === undefined) return { kind: "selector", matches: () => false };
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const message = matchExpressions.map(complain).find((complaint) => complaint !== undefined);
  if (message !== undefined) return { kind: "invalid", message };
  const wanted = Object.entries(matchLabels);
  return {
    kind: "selector",
    matches: (labels) =>
      wanted.every(([key, value]) => labels[key] === value) &&
      matchExpressions.every((expression) => matchesExpression(expression, labels)),
  };
}

function complain({ key, operator, values = [] }: LabelSelectorExpression): string | undefined {
  switch (operator) {
    case "In":
    case "NotIn":
      return values.length > 0
        ? undefined
        : `key ${JSON.stringify(key)}: for 'in', 'notin' operators, values set can't be empty`;
    case "Exists":
    case "DoesNotExist":
      return values.length === 0
        ? undefined
        : `key ${JSON.stringify(key)}: values set must be empty for exists and does not exist`;
    default:
      return `${JSON.stringify(operator)} is not a valid label selector operator`;
  }
}

function matchesExpression(
  { key, operator, values = [] }: LabelSelectorExpression,
  labels: LabelSet,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    default:
      return value === undefined;
  }
}
