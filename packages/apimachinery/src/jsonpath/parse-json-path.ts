import {
  type JsonPathComparison,
  JsonPathError,
  type JsonPathOperand,
  type JsonPathStep,
} from "./json-path-step.ts";

/**
 * Reads the steps of a path without braces.
 *
 * @throws {JsonPathError} If it is not one.
 */
export function parseJsonPath(text: string): readonly JsonPathStep[] {
  const steps: JsonPathStep[] = [];
  let at = /^[$@]/.test(text) ? 1 : 0;
  while (at < text.length) {
    const rest = text.slice(at);
    if (rest.startsWith("[")) {
      const end = closingBracket(text, at);
      steps.push(parseBracket(text.slice(at + 1, end)));
      at = end + 1;
    } else if (rest.startsWith("..")) {
      steps.push({ kind: "recursive" });
      // What follows may be a name without a dot of its own.
      at += /^\.\.[^.[]/.test(rest) ? 1 : 2;
    } else if (rest.startsWith(".")) {
      const name = readName(text, at + 1);
      if (name.text === "" && steps.length === 0 && name.end === text.length) return [];
      if (name.text !== "") steps.push(nameStep(name));
      else if (text[name.end] !== "[") throw new JsonPathError(`unexpected end of path ${text}`);
      at = name.end;
    } else if (steps.length === 0 && at === 0) {
      const name = readName(text, 0);
      if (name.text === "") throw unrecognized(text, 0);
      steps.push(nameStep(name));
      at = name.end;
    } else throw unrecognized(text, at);
  }
  return steps;
}

interface Name {
  readonly text: string;
  readonly isLiteral: boolean;
  readonly end: number;
}

const namePattern = /(?:\\.|[^\\.[\]{}\s,()'"|&?:])+/y;

function readName(text: string, from: number): Name {
  namePattern.lastIndex = from;
  const raw = namePattern.exec(text)?.[0] ?? "";
  return { text: raw.replace(/\\(.)/g, "$1"), isLiteral: raw !== "*", end: from + raw.length };
}

function nameStep({ text, isLiteral }: Name): JsonPathStep {
  return isLiteral ? { kind: "field", name: text } : { kind: "wildcard" };
}

function unrecognized(text: string, at: number): JsonPathError {
  return new JsonPathError(`unrecognized character in action: ${JSON.stringify(text[at] ?? "")}`);
}

// Brackets and quotes inside are skipped.
function closingBracket(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "'" || character === '"') at = closingQuote(text, at);
    else if (character === "[") depth += 1;
    else if (character === "]") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new JsonPathError("unterminated array");
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === text[open]) return at;
  }
  throw new JsonPathError("unterminated quoted string");
}

const slicePattern = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/;

function parseBracket(inner: string): JsonPathStep {
  const text = inner.trim();
  if (text === "*") return { kind: "wildcard" };
  const filter = /^\?\((.*)\)$/s.exec(text);
  if (filter) return parseFilter((filter[1] ?? "").trim());
  const parts = splitOutsideQuotes(text, ",");
  if (parts.length > 1) return { kind: "union", of: parts.map(parseBracket) };
  const quoted = unquote(text);
  if (quoted !== undefined) return { kind: "field", name: quoted };
  const match = slicePattern.exec(text);
  if (!match || text === "") throw new JsonPathError(`invalid array index ${text}`);
  const [, from = "", to, by = ""] = match;
  if (to === undefined) return { kind: "index", at: Number(from) };
  const step = by === "" ? 1 : Number(by);
  if (step <= 0) throw new JsonPathError(`step must be > 0`);
  return { kind: "slice", from: numberOf(from), to: numberOf(to), by: step };
}

function numberOf(text: string): number | undefined {
  return text === "" ? undefined : Number(text);
}

const comparisons: readonly JsonPathComparison[] = ["==", "!=", "<=", ">=", "<", ">"];

function parseFilter(text: string): JsonPathStep {
  for (const operator of comparisons) {
    const [left, right, ...more] = splitOutsideQuotes(text, operator);
    if (left === undefined || right === undefined || more.length > 0) continue;
    const filter = { operator, left: parseOperand(left), right: parseOperand(right) };
    return { kind: "filter", filter };
  }
  return {
    kind: "filter",
    filter: { operator: "exists", left: parseOperand(text), right: undefined },
  };
}

function parseOperand(padded: string): JsonPathOperand {
  const text = padded.trim();
  const quoted = unquote(text);
  if (quoted !== undefined) return { kind: "literal", value: quoted };
  if (text === "true" || text === "false") return { kind: "literal", value: text === "true" };
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return { kind: "literal", value: Number(text) };
  if (text === "") throw new JsonPathError("incomplete filter");
  return { kind: "path", steps: parseJsonPath(text) };
}

function unquote(text: string): string | undefined {
  const quote = text.charAt(0);
  if ((quote !== "'" && quote !== '"') || text.length < 2) return undefined;
  if (closingQuote(text, 0) !== text.length - 1) return undefined;
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "'" || character === '"') at = closingQuote(text, at);
    else if (text.startsWith(separator, at)) {
      parts.push(text.slice(start, at));
      start = at + separator.length;
      at = start - 1;
    }
  }
  return [...parts, text.slice(start)];
}
