import { type LabelRequirement, parseLabelSelector, SelectorError } from "@cellplane/apimachinery";
import type { LabelSelectorObject } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";

const operators = {
  in: "In",
  notin: "NotIn",
  "!=": "NotIn",
  exists: "Exists",
  "!": "DoesNotExist",
};

/** A selector as `kubectl -l` takes it, as an object has it. */
export function parseSelector(text: string): LabelSelectorObject {
  const requirements = readRequirements(text);
  const matchLabels: Record<string, string> = {};
  const matchExpressions: { key: string; operator: string; values?: readonly string[] }[] = [];
  for (const { key, operator, values } of requirements) {
    if (operator === "=" || operator === "==") {
      if (matchLabels[key] === undefined) matchLabels[key] = values[0] ?? "";
      else matchExpressions.push({ key, operator: "In", values });
    } else if (operator === "gt" || operator === "lt") {
      throw new CliError(`Cannot select as a selector may not compare numbers: it is "${text}"`);
    } else {
      const some = values.length === 0 ? {} : { values };
      matchExpressions.push({ key, operator: operators[operator], ...some });
    }
  }
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
}

function readRequirements(text: string): readonly LabelRequirement[] {
  try {
    return parseLabelSelector(text).requirements;
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw new CliError(`Cannot select as the selector must be one of labels: ${error.message}`, {
      cause: error,
    });
  }
}
