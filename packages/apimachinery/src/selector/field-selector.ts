import { SelectorError } from "./selector-error.ts";

/** One condition on a field. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** A compiled field selector: every requirement must hold. An absent field is the empty text. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** Whether it asks nothing, so selects everything. */
  readonly empty: boolean;
  matches(fieldValue: (field: string) => string | undefined): boolean;
  /** The value that a field must have, where one is asked for with `=`. */
  exactValue(field: string): string | undefined;
  /** The canonical text. */
  toString(): string;
}

/**
 * Compiles the text of a `fieldSelector` parameter: `a=b`, `a==b`, `a!=b` between commas, with `\,`
 * `\=` `\\` in values. Which fields there are is for the caller to check.
 *
 * @throws {SelectorError} With Kubernetes' text, if it is not one.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements = splitTerms(text)
    .sort()
    .filter((term) => term !== "")
    .map((term) => parseTerm(term, text));
  return {
    requirements,
    empty: requirements.length === 0,
    matches: (fieldValue) =>
      requirements.every(
        ({ field, operator, value }) =>
          ((fieldValue(field) ?? "") === value) === (operator === "="),
      ),
    exactValue: (field) =>
      requirements.find((each) => each.field === field && each.operator === "=")?.value,
    toString: () => requirements.map(formatTerm).join(","),
  };
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === ",") {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

const termPattern = /^(.*?)(!=|==|=)(.*)$/s;

function parseTerm(term: string, selector: string): FieldRequirement {
  const match = termPattern.exec(term);
  if (!match)
    throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`);
  const [, field = "", operator, value = ""] = match;
  return { field, operator: operator === "!=" ? "!=" : "=", value: unescapeValue(value) };
}

function unescapeValue(text: string): string {
  let value = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "," || character === "=") {
      throw new SelectorError(
        `invalid field selector: unescaped character in value: ${character.charCodeAt(0)}`,
      );
    }
    if (character !== "\\") {
      value += character;
      continue;
    }
    at += 1;
    const escaped = text.charAt(at);
    if (!["\\", ",", "="].includes(escaped)) {
      throw new SelectorError(`invalid field selector: invalid escape sequence: \\${escaped}`);
    }
    value += escaped;
  }
  return value;
}

function formatTerm({ field, operator, value }: FieldRequirement): string {
  return `${field}${operator}${value.replace(/[\\,=]/g, "\\$&")}`;
}
