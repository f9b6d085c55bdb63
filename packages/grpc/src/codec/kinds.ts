import type { MessageType } from "./codec.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

/** How one value is written and read: protobuf's scalars, and messages. */
export interface Kind<V> {
  readonly wireType: 0 | 1 | 2;
  /** What stands for an absent field. */
  readonly zero: V;
  readonly isZero: (value: V) => boolean;
  readonly write: (value: V, to: WireWriter) => void;
  readonly read: (from: WireReader) => V;
}

/** `string`. */
export const text: Kind<string> = {
  wireType: 2,
  zero: "",
  isZero: (value) => value === "",
  write: (value, to) => to.text(value),
  read: (from) => from.text(),
};

/** `bytes`: read as a view. */
export const bytes: Kind<Uint8Array> = {
  wireType: 2,
  zero: new Uint8Array(0),
  isZero: (value) => value.length === 0,
  write: (value, to) => to.bytes(value),
  read: (from) => from.bytes(),
};

/** `bool`. */
export const bool: Kind<boolean> = {
  wireType: 0,
  zero: false,
  isZero: (value) => !value,
  write: (value, to) => to.byte(value ? 1 : 0),
  read: (from) => from.bool(),
};

function numberKind(read: (from: WireReader) => number): Kind<number> {
  return {
    wireType: 0,
    zero: 0,
    isZero: (value) => value === 0,
    write: (value, to) => to.integer(value),
    read,
  };
}

/** `int32`, and every `enum`. */
export const int32: Kind<number> = numberKind((from) => from.int32());
/** `uint32`. */
export const uint32: Kind<number> = numberKind((from) => from.uint32());
/** `int64` as a number: a value beyond 2⁵³ is an error, never rounded. */
export const int64: Kind<number> = numberKind((from) => from.int64());
/** `uint64` as a number: a value beyond 2⁵³ is an error, never rounded. */
export const uint64: Kind<number> = numberKind((from) => from.uint64());

function bigintKind(read: (from: WireReader) => bigint): Kind<bigint> {
  return {
    wireType: 0,
    zero: 0n,
    isZero: (value) => value === 0n,
    write: (value, to) => to.bigint(value),
    read,
  };
}

/** `int64`, exact. */
export const bigInt64: Kind<bigint> = bigintKind((from) => from.int64AsBigint());
/** `int64` for ids that others choose: a number within 2⁵³, else a bigint; never rounded. */
export const wideInt64: Kind<number | bigint> = {
  wireType: 0,
  zero: 0,
  isZero: (value) => value === 0,
  write: (value, to) => (typeof value === "number" ? to.integer(value) : to.bigint(value)),
  read: (from) => {
    const value = from.int64AsBigint();
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  },
};

/** `uint64`, exact. */
export const bigUint64: Kind<bigint> = bigintKind((from) => from.uint64AsBigint());

/** `double`. */
export const double: Kind<number> = {
  wireType: 1,
  zero: 0,
  isZero: (value) => Object.is(value, 0),
  write: (value, to) => to.double(value),
  read: (from) => from.double(),
};

/** `fixed64`. */
export const fixed64: Kind<bigint> = {
  wireType: 1,
  zero: 0n,
  isZero: (value) => value === 0n,
  write: (value, to) => to.fixed64(value),
  read: (from) => from.fixed64(),
};

/** A message as a field; `type` is a function as types may contain themselves. */
export function nested<T>(type: () => MessageType<T>): Kind<T> {
  return {
    wireType: 2,
    get zero() {
      return type().create();
    },
    isZero: () => false,
    write: (value, to) => {
      const start = to.beginNested();
      type().encode(value, to);
      to.endNested(start);
    },
    read: (from) => {
      const outer = from.enter();
      const value = type().read(from);
      from.leave(outer);
      return value;
    },
  };
}
