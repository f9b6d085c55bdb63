import type {
  Compare,
  KeyRange,
  KeyValue,
  Operation,
  OperationResult,
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
  WatchEvent,
  WatchRequest,
} from "@cellplane/kv";

/** A message of the store with text in place of bytes (one character a byte), so that it can be written as JSON. */
export type Text<T> = T extends Buffer
  ? string
  : T extends string | number | boolean | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Text<Item>[]
      : { readonly [Name in keyof T]: Text<T[Name]> };

/** The messages of the store, as text. */
export type KeyRangeText = Text<KeyRange>;
export type KeyValueText = Text<KeyValue>;
export type CompareText = Text<Compare>;
export type RangeText = Text<RangeRequest>;
export type RangeResultText = Text<RangeResult>;
export type OperationText = Text<Operation>;
export type OperationResultText = Text<OperationResult>;
export type TxnText = Text<TxnRequest>;
export type TxnResultText = Text<TxnResult>;
export type WatchText = Text<WatchRequest>;
export type EventText = Text<WatchEvent>;

/** A message as text. */
export function toText<T>(message: T): Text<T> {
  return textOf(message) as Text<T>;
}

function textOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(textOf);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, textOf(member)]));
}

/** Members that are bytes wherever they are text. */
const bytes: ReadonlySet<string> = new Set(["key", "end", "value", "operand"]);

/** A message from its text. */
export function fromText<T>(text: Text<T>): T {
  return bytesOf(text, "") as T;
}

function bytesOf(value: unknown, name: string): unknown {
  if (typeof value === "string") return bytes.has(name) ? Buffer.from(value, "latin1") : value;
  if (Array.isArray(value)) return value.map((item) => bytesOf(item, name));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, bytesOf(member, name)]),
  );
}
