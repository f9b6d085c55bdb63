import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";

/**
 * Paths of the keys that stand twice in the same object of a JSON text, `spec.list[0].x`, in the
 * order of the text. The text must be valid JSON. `parsed`, where it is at hand, saves looking
 * closely at texts that have none.
 */
export function findDuplicateFields(text: string, parsed?: JsonValue): readonly string[] {
  if (parsed !== undefined && countKeys(parsed) === countKeysIn(text)) return [];
  const found: string[] = [];
  scanKeys(text, (path, isDuplicate) => {
    if (isDuplicate) found.push(path);
  });
  return found;
}

/** Told of every key of a text, in its order; `isDuplicate` where the object has had it before. */
export type KeyVisitor = (path: string, isDuplicate: boolean) => void;

/** Visits the keys of a valid JSON text. */
export function scanKeys(text: string, visit: KeyVisitor): void {
  scanValue({ text, visit }, skipSpace(text, 0), "");
}

interface Scan {
  readonly text: string;
  readonly visit: KeyVisitor;
}

const space = /[\s]*/y;

// Each scan… takes the position of a value's first character and gives that after its last.
function scanValue(scan: Scan, at: number, path: string): number {
  const first = scan.text[at];
  if (first === "{") return scanObject(scan, at + 1, path);
  if (first === "[") return scanList(scan, at + 1, path);
  if (first === '"') return endOfString(scan.text, at) + 1;
  let end = at;
  while (end < scan.text.length && !",]} \t\r\n".includes(scan.text.charAt(end))) end += 1;
  return end;
}

function scanObject(scan: Scan, start: number, path: string): number {
  const { text } = scan;
  const seen = new Set<string>();
  let at = skipSpace(text, start);
  while (text[at] === '"') {
    const end = endOfString(text, at);
    const key = JSON.parse(text.slice(at, end + 1)) as string;
    const inner = path === "" ? key : `${path}.${key}`;
    scan.visit(inner, seen.has(key));
    seen.add(key);
    const colon = skipSpace(text, end + 1);
    at = skipSpace(text, scanValue(scan, skipSpace(text, colon + 1), inner));
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return at + 1;
}

function scanList(scan: Scan, start: number, path: string): number {
  const { text } = scan;
  let at = skipSpace(text, start);
  for (let index = 0; at < text.length && text[at] !== "]"; index += 1) {
    at = skipSpace(text, scanValue(scan, at, `${path}[${index}]`));
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return at + 1;
}

function skipSpace(text: string, at: number): number {
  if (text.charCodeAt(at) > 0x20) return at;
  space.lastIndex = at;
  space.test(text);
  return space.lastIndex;
}

function endOfString(text: string, open: number): number {
  let at = text.indexOf('"', open + 1);
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at === -1 ? text.length : at;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes += 1;
  return slashes % 2 === 1;
}

// A string before a colon is a key: strings are found by the engine's own search.
function countKeysIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) {
    at = endOfString(text, at);
    let next = text.charCodeAt(at + 1);
    if (next <= 0x20) next = text.charCodeAt(skipSpace(text, at + 1));
    if (next === 0x3a) count += 1;
  }
  return count;
}

function countKeys(value: JsonValue): number {
  let count = 0;
  if (isJsonArray(value)) {
    for (const item of value)
      if (typeof item === "object" && item !== null) count += countKeys(item);
    return count;
  }
  if (!isJsonObject(value)) return 0;
  for (const key in value) {
    count += 1;
    const member = value[key];
    if (typeof member === "object" && member !== null) count += countKeys(member);
  }
  return count;
}
