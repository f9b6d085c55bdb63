import type { Key, KeyRange } from "./mvcc-store.ts";

/**
 * A key as a string of one character per byte (Latin-1). Such strings compare bytewise, hash
 * for `Map`, and take a third of the memory of a small `Buffer`.
 */
export type KeyText = string;

/** The keys in [start, end); `end` absent: to the last key. */
export interface KeySpan {
  readonly start: KeyText;
  readonly end?: KeyText;
  /** Exactly the key `start`. */
  readonly single: boolean;
}

/** The text of a key. */
export function keyTextOf(key: Key): KeyText {
  return key.toString("latin1");
}

/** The key of a text. */
export function keyOf(text: KeyText): Key {
  return Buffer.from(text, "latin1");
}

/** The span of a range: one key where `end` is absent or empty, to the last key where it is one zero byte. */
export function keySpanOf(range: KeyRange): KeySpan {
  const start = keyTextOf(range.key);
  const { end } = range;
  if (end === undefined || end.length === 0) return { start, end: `${start}\0`, single: true };
  if (end.length === 1 && end[0] === 0) return { start, single: false };
  return { start, end: keyTextOf(end), single: false };
}

/** Whether the span holds the key. */
export function isInSpan(key: KeyText, span: KeySpan): boolean {
  if (span.single) return key === span.start;
  return key >= span.start && (span.end === undefined || key < span.end);
}
