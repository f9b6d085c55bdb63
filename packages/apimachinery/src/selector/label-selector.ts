import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import {
  createRequirement,
  formatRequirement,
  type LabelOperator,
  type LabelRequirement,
  meets,
} from "./label-requirement.ts";
import { parseRequirements } from "./parse-requirements.ts";
import { SelectorError } from "./selector-error.ts";

/** A compiled label selector: labels must meet every requirement. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  /** Whether it asks nothing, so selects everything. */
  readonly empty: boolean;
  /** Whether it is the selector that selects nothing at all. */
  readonly nothing: boolean;
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
  /** The canonical text: sorted by key. */
  toString(): string;
}

const noLabels: Readonly<Record<string, string>> = {};

/** The selector that selects nothing: what an absent LabelSelector object means. */
export const selectsNothing: LabelSelector = {
  requirements: [],
  empty: false,
  nothing: true,
  matches: () => false,
  toString: () => "",
};

/**
 * Compiles the text of a `labelSelector` parameter.
 *
 * @throws {SelectorError} If it is not one.
 */
export function parseLabelSelector(text: string): LabelSelector {
  return fromRequirements(parseRequirements(text));
}

/**
 * Compiles a LabelSelector object (`matchLabels`, `matchExpressions`). An empty one selects
 * everything, an absent one nothing.
 *
 * @throws {SelectorError} If an operator, key or value is wrong.
 */
export function labelSelectorFromObject(selector: JsonValue | undefined): LabelSelector {
  if (!isJsonObject(selector)) return selectsNothing;
  const { matchLabels, matchExpressions } = selector;
  return fromRequirements([
    ...(isJsonObject(matchLabels) ? Object.entries(matchLabels) : []).map(([key, value]) =>
      createRequirement(key, "=", [textOf(value)]),
    ),
    ...(isJsonArray(matchExpressions) ? matchExpressions : [])
      .filter(isJsonObject)
      .map(fromExpression),
  ]);
}

function fromRequirements(unsorted: readonly LabelRequirement[]): LabelSelector {
  const requirements = unsorted.toSorted((left, right) =>
    left.key < right.key ? -1 : left.key > right.key ? 1 : 0,
  );
  return {
    requirements,
    empty: requirements.length === 0,
    nothing: false,
    matches: (labels = noLabels) => requirements.every((requirement) => meets(requirement, labels)),
    toString: () => requirements.map(formatRequirement).join(","),
  };
}

const operators: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

function fromExpression(expression: JsonObject): LabelRequirement {
  const { key, operator, values } = expression;
  const name = textOf(operator);
  const compared = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (compared === undefined) {
    throw new SelectorError(`${JSON.stringify(name)} is not a valid label selector operator`);
  }
  return createRequirement(textOf(key), compared, isJsonArray(values) ? values.map(textOf) : []);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
