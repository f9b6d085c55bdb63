import {
  checkLabelKey,
  createRequirement,
  type LabelOperator,
  type LabelRequirement,
} from "./label-requirement.ts";
import { SelectorError } from "./selector-error.ts";

type Token =
  | { readonly kind: "identifier" | "keyword" | "symbol"; readonly text: string }
  | { readonly kind: "end"; readonly text: "" };

const tokenPattern = /\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))/y;
const end: Token = { kind: "end", text: "" };

const binaryOperators: ReadonlyMap<string, LabelOperator> = new Map([
  ["in", "in"],
  ["notin", "notin"],
  ["=", "="],
  ["==", "=="],
  ["!=", "!="],
  [">", "gt"],
  ["<", "lt"],
]);

/**
 * Reads the text of a label selector: requirements between commas.
 *
 * @throws {SelectorError} With Kubernetes' text, if it is not one.
 */
export function parseRequirements(text: string): readonly LabelRequirement[] {
  const tokens = tokenize(text);
  const requirements: LabelRequirement[] = [];
  while (tokens.peek().kind !== "end") {
    const next = tokens.peek();
    if (!isIdentifier(next) && next.text !== "!") {
      throw found(next, ", expected: !, identifier, or 'end of string'");
    }
    requirements.push(parseRequirement(tokens));
    const after = tokens.take();
    if (after.kind === "end") break;
    if (after.text !== ",") throw found(after, ", expected: ',' or 'end of string'");
    const following = tokens.peek();
    if (!isIdentifier(following) && following.text !== "!") {
      throw found(following, ", expected: identifier after ','");
    }
  }
  return requirements;
}

interface Tokens {
  peek(): Token;
  take(): Token;
}

function tokenize(text: string): Tokens {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match; match = tokenPattern.exec(text)) {
    const [, symbol, word = ""] = match;
    if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol });
    else tokens.push({ kind: binaryOperators.has(word) ? "keyword" : "identifier", text: word });
  }
  let at = 0;
  return {
    peek: () => tokens[at] ?? end,
    take: () => {
      const token = tokens[at] ?? end;
      at += 1;
      return token;
    },
  };
}

// Where a key or a value may stand, `in` and `notin` are just words.
function isIdentifier({ kind }: Token): boolean {
  return kind === "identifier" || kind === "keyword";
}

function parseRequirement(tokens: Tokens): LabelRequirement {
  try {
    return parseKeyAndRest(tokens);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw new SelectorError(`unable to parse requirement: ${error.message}`);
  }
}

function parseKeyAndRest(tokens: Tokens): LabelRequirement {
  const isNegated = tokens.peek().text === "!";
  if (isNegated) tokens.take();
  const key = tokens.take();
  if (!isIdentifier(key)) throw found(key, ", expected: identifier");
  checkLabelKey(key.text);
  const next = tokens.peek();
  if (isNegated) return createRequirement(key.text, "!", []);
  if (next.kind === "end" || next.text === ",") return createRequirement(key.text, "exists", []);
  const operator = parseOperator(tokens);
  const isSet = operator === "in" || operator === "notin";
  const values = isSet ? parseValues(tokens) : [parseValue(tokens)];
  return createRequirement(key.text, operator, values);
}

function parseOperator(tokens: Tokens): LabelOperator {
  const token = tokens.take();
  const operator = binaryOperators.get(token.text);
  if (operator !== undefined) return operator;
  throw found(token, ", expected: in, notin, =, ==, !=, gt, lt");
}

function parseValue(tokens: Tokens): string {
  const next = tokens.peek();
  if (next.kind === "end" || next.text === ",") return "";
  const token = tokens.take();
  if (!isIdentifier(token)) throw found(token, ", expected: identifier");
  return token.text;
}

function parseValues(tokens: Tokens): readonly string[] {
  const open = tokens.take();
  if (open.text !== "(") throw found(open, " expected: '('");
  const first = tokens.peek();
  if (first.text === ")") {
    tokens.take();
    return [""];
  }
  if (!isIdentifier(first) && first.text !== ",") {
    throw found(first, ", expected: ',', ')' or identifier");
  }
  const values: string[] = [];
  let token = tokens.take();
  for (; token.text !== ")"; token = tokens.take()) {
    if (token.text === ",") addEmptyAround(values, tokens);
    else if (isIdentifier(token)) addValue(values, token, tokens);
    else throw found(token, ", expected: ',', or identifier");
  }
  return values;
}

function addValue(values: string[], token: Token, tokens: Tokens): void {
  values.push(token.text);
  const next = tokens.peek();
  if (next.text !== "," && next.text !== ")") throw found(next, ", expected: ',' or ')'");
}

// `(,a)`, `(a,,b)` and `(a,)` have an empty value among the others.
function addEmptyAround(values: string[], tokens: Tokens): void {
  if (values.length === 0) values.push("");
  if (tokens.peek().text === ")") values.push("");
  else if (tokens.peek().text === ",") {
    tokens.take();
    values.push("");
  }
}

function found(token: Token, rest: string): SelectorError {
  return new SelectorError(`found '${token.text}'${rest}`);
}
