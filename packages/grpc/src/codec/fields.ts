import type { Kind } from "./kinds.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

/** How one property of a message is written and read. */
export interface Field<V> {
  /** The numbers that belong to it: one, or one for each case of a `oneof`. */
  readonly numbers: readonly number[];
  /** Its value in a message that does not have it. */
  readonly initial: V;
  /** Writes tags and values; nothing where the value is the initial one. */
  readonly write: (value: V, to: WireWriter) => void;
  /** The value after the field with this tag was read; `current` is the one so far. */
  readonly read: (current: V, tag: number, from: WireReader) => V;
}

/** A scalar that always has a value: zero unless set. */
export function field<V>(number: number, kind: Kind<V>): Field<V> {
  const tag = tagOf(number, kind);
  return {
    numbers: [number],
    initial: kind.zero,
    write: (value, to) => {
      if (kind.isZero(value)) return;
      to.varint(tag);
      kind.write(value, to);
    },
    read: (current, found, from) => {
      if (found === tag) return kind.read(from);
      from.skip(found);
      return current;
    },
  };
}

/** A message, or a scalar declared `optional`: `undefined` unless set. */
export function optional<V>(number: number, kind: Kind<V>): Field<V | undefined> {
  const tag = tagOf(number, kind);
  return {
    numbers: [number],
    initial: undefined,
    write: (value, to) => {
      if (value === undefined) return;
      to.varint(tag);
      kind.write(value, to);
    },
    read: (current, found, from) => {
      if (found === tag) return kind.read(from);
      from.skip(found);
      return current;
    },
  };
}

const none: readonly never[] = Object.freeze([]);

/** `repeated`. Numbers are written packed, and read either way. */
export function list<V>(number: number, kind: Kind<V>): Field<readonly V[]> {
  const tag = tagOf(number, kind);
  const packed = (number << 3) | 2;
  const isPackable = kind.wireType !== 2;
  return {
    numbers: [number],
    initial: none,
    write: (values, to) => {
      if (values.length === 0) return;
      if (isPackable) return writePacked(kind, { packed, values }, to);
      for (const value of values) {
        to.varint(tag);
        kind.write(value, to);
      }
    },
    read: (current, found, from) => {
      if (found !== tag && !(isPackable && found === packed)) {
        from.skip(found);
        return current;
      }
      // The list is this message's own from its first element on.
      const values = current === none ? [] : (current as V[]);
      if (found === tag) values.push(kind.read(from));
      else readPacked(kind, values, from);
      return values;
    },
  };
}

/** `map`. A key that comes twice has its last value. */
export function map<K extends string | number | bigint | boolean, V>(
  number: number,
  { key, value }: { readonly key: Kind<K>; readonly value: Kind<V> },
): Field<ReadonlyMap<K, V>> {
  const tag = (number << 3) | 2;
  const entryTags = { key: tagOf(1, key), value: tagOf(2, value) };
  const empty = new Map<K, V>();
  return {
    numbers: [number],
    initial: empty,
    write: (entries, to) => {
      for (const [entryKey, entryValue] of entries) {
        to.varint(tag);
        const start = to.beginNested();
        to.varint(entryTags.key);
        key.write(entryKey, to);
        to.varint(entryTags.value);
        value.write(entryValue, to);
        to.endNested(start);
      }
    },
    read: (current, found, from) => {
      if (found !== tag) {
        from.skip(found);
        return current;
      }
      const entries = current === empty ? new Map<K, V>() : (current as Map<K, V>);
      const outer = from.enter();
      let entryKey = key.zero;
      let entryValue = value.zero;
      while (!from.isAtEnd) {
        const entryTag = from.tag();
        if (entryTag === entryTags.key) entryKey = key.read(from);
        else if (entryTag === entryTags.value) entryValue = value.read(from);
        else from.skip(entryTag);
      }
      from.leave(outer);
      entries.set(entryKey, entryValue);
      return entries;
    },
  };
}

/** One of several: which one, and its value. */
export type OneOf<Cases> = {
  [K in keyof Cases]: { readonly kind: K; readonly value: Cases[K] };
}[keyof Cases];

interface Case {
  readonly tag: number;
  readonly kind: Kind<unknown>;
}

/** `oneof`: `undefined` unless set; a case that comes later replaces an earlier one. */
export function oneOf<Cases>(cases: {
  readonly [K in keyof Cases]: readonly [number: number, kind: Kind<Cases[K]>];
}): Field<OneOf<Cases> | undefined> {
  const byName = new Map<unknown, Case>();
  const byTag = new Map<number, { readonly name: string; readonly kind: Kind<unknown> }>();
  const numbers: number[] = [];
  for (const [name, entry] of Object.entries(cases)) {
    const [number, kind] = entry as readonly [number, Kind<unknown>];
    const tag = tagOf(number, kind);
    numbers.push(number);
    byName.set(name, { tag, kind });
    byTag.set(tag, { name, kind });
  }
  return {
    numbers,
    initial: undefined,
    write: (value, to) => {
      const found = value && byName.get(value.kind);
      if (!found) return;
      to.varint(found.tag);
      found.kind.write(value.value, to);
    },
    read: (current, tag, from) => {
      const found = byTag.get(tag);
      if (!found) {
        from.skip(tag);
        return current;
      }
      return { kind: found.name, value: found.kind.read(from) } as OneOf<Cases>;
    },
  };
}

function tagOf<V>(number: number, kind: Kind<V>): number {
  return ((number << 3) | kind.wireType) >>> 0;
}

function writePacked<V>(
  kind: Kind<V>,
  { packed, values }: { readonly packed: number; readonly values: readonly V[] },
  to: WireWriter,
): void {
  to.varint(packed);
  const start = to.beginNested();
  for (const value of values) kind.write(value, to);
  to.endNested(start);
}

function readPacked<V>(kind: Kind<V>, values: V[], from: WireReader): void {
  const outer = from.enter();
  while (!from.isAtEnd) values.push(kind.read(from));
  from.leave(outer);
}
