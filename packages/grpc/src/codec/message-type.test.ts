import { deepEqual, equal, throws } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";
import * as fc from "fast-check";
import type { MessageType } from "./codec.ts";
import { field, list, map, type OneOf, oneOf, optional } from "./fields.ts";
import {
  bigInt64,
  bigUint64,
  bool,
  bytes,
  double,
  fixed64,
  int32,
  int64,
  nested,
  text,
  uint32,
} from "./kinds.ts";
import { messageType } from "./message-type.ts";
import { WireError } from "./wire-error.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

interface All {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly bool: boolean;
  readonly int32: number;
  readonly uint32: number;
  readonly int64: number;
  readonly big: bigint;
  readonly ubig: bigint;
  readonly double: number;
  readonly fixed: bigint;
  readonly maybe: number | undefined;
  readonly child: All | undefined;
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  readonly children: readonly All[];
  readonly map: ReadonlyMap<string, Uint8Array>;
  readonly one: OneOf<{ readonly a: string; readonly b: All }> | undefined;
}

const all: MessageType<All> = messageType<All>({
  text: field(1, text),
  bytes: field(2, bytes),
  bool: field(3, bool),
  int32: field(4, int32),
  uint32: field(5, uint32),
  int64: field(6, int64),
  big: field(7, bigInt64),
  ubig: field(8, bigUint64),
  double: field(9, double),
  fixed: field(10, fixed64),
  maybe: optional(11, int32),
  child: optional(
    12,
    nested(() => all),
  ),
  texts: list(13, text),
  numbers: list(14, int64),
  children: list(
    15,
    nested(() => all),
  ),
  map: map(16, { key: text, value: bytes }),
  one: oneOf<{ readonly a: string; readonly b: All }>({
    a: [17, text],
    b: [18, nested(() => all)],
  }),
});

const proto = `
syntax = "proto3";
package t;
message All {
  string text = 1; bytes bytes = 2; bool bool = 3; int32 int32 = 4; uint32 uint32 = 5;
  int64 int64 = 6; int64 big = 7; uint64 ubig = 8; double double = 9; fixed64 fixed = 10;
  optional int32 maybe = 11; All child = 12; repeated string texts = 13;
  repeated int64 numbers = 14; repeated All children = 15; map<string, bytes> map = 16;
  oneof one { string a = 17; All b = 18; }
}`;

function peerType(): MessageTypeDefinition<object, object> {
  const folder = mkdtempSync(join(tmpdir(), "grpc-"));
  writeFileSync(join(folder, "t.proto"), proto);
  const found = loadSync(join(folder, "t.proto"), { longs: String })["t.All"];
  rmSync(folder, { recursive: true });
  return found as unknown as MessageTypeDefinition<object, object>;
}

function encode<T>(type: MessageType<T>, message: T): Buffer {
  const writer = new WireWriter();
  type.encode(message, writer);
  return writer.take();
}

/** Values without their representation: bytes as base64, maps as lists. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Map) return Array.from(value, plain).sort(byKey);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

/** Maps have no order on the wire. */
function byKey(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

const someBytes = fc.uint8Array({ maxLength: 300 });
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const safe = fc.maxSafeInteger();
const flat = fc.record({
  text: fc.string({ unit: "grapheme", maxLength: 200 }),
  bytes: someBytes,
  bool: fc.boolean(),
  int32: int,
  uint32: fc.nat({ max: 2 ** 32 - 1 }),
  int64: safe,
  big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ubig: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  double: fc.double({ noNaN: true }),
  fixed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  maybe: fc.option(int, { nil: undefined }),
  texts: fc.array(fc.string({ maxLength: 50 })),
  numbers: fc.array(safe),
  map: fc
    .array(fc.tuple(fc.string(), someBytes), { maxLength: 3 })
    .map((entries) => new Map(entries)),
});
const message: fc.Arbitrary<All> = fc
  .tuple(flat, fc.array(flat, { maxLength: 3 }), fc.string())
  .map(([top, inner, a]) => {
    const children = inner.map((each) => all.create(each));
    const [child] = children;
    const one = child ? ({ kind: "b", value: child } as const) : ({ kind: "a", value: a } as const);
    return all.create({ ...top, children, child, one });
  });

describe("messageType()", () => {
  it("reads what it wrote", () => {
    fc.assert(
      fc.property(message, (value) => {
        deepEqual(plain(all.decode(encode(all, value))), plain(value));
      }),
      { numRuns: 100 },
    );
  });

  it("agrees with protobufjs, in both directions", () => {
    const peer = peerType();
    fc.assert(
      fc.property(message, (value) => {
        const own = encode(all, value);
        const theirs = peer.serialize(peer.deserialize(own));
        deepEqual(plain(all.decode(theirs)), plain(value));
      }),
      { numRuns: 100 },
    );
  });

  it("gives every property of an empty message, and writes none of its zeros", () => {
    const empty = all.decode(Buffer.alloc(0));
    deepEqual(plain(empty), plain(all.create()));
    equal(encode(all, all.create()).length, 0);
    equal(empty.maybe, undefined);
  });

  it("skips fields that it does not know, and known ones of another wire type", () => {
    const one = messageType<{ readonly n: number }>({ n: field(3, int64) });
    const writer = new WireWriter();
    writer.varint((9 << 3) | 2);
    writer.text("unknown");
    writer.varint((3 << 3) | 2);
    writer.text("no number");
    writer.varint((7 << 3) | 5);
    writer.append(new Uint8Array(4));
    writer.varint((3 << 3) | 0);
    writer.varint(42);
    deepEqual(one.decode(writer.take()), { n: 42 });
  });

  it("reads numbers that are not packed", () => {
    const several = messageType<{ readonly n: readonly number[] }>({ n: list(1, int64) });
    deepEqual(several.decode(Buffer.from([8, 1, 8, 2])), { n: [1, 2] });
    deepEqual(several.decode(Buffer.from([10, 2, 1, 2])), { n: [1, 2] });
  });

  it("takes the last case of a oneof", () => {
    const first = encode(all, all.create({ one: { kind: "b", value: all.create() } }));
    const second = encode(all, all.create({ one: { kind: "a", value: "x" } }));
    deepEqual(all.decode(Buffer.concat([first, second])).one, { kind: "a", value: "x" });
  });

  it("gives bytes as views of what it reads", () => {
    const encoded = encode(all, all.create({ bytes: Buffer.from("abc") }));
    equal(all.decode(encoded).bytes.buffer, encoded.buffer);
  });

  it("refuses numbers that it would have to round", () => {
    const big = encode(all, all.create({ big: 2n ** 62n }));
    const asNumber = messageType<{ readonly n: number }>({ n: field(7, int64) });
    throws(() => asNumber.decode(big), /must be an integer within 2\^53/);
    throws(() => encode(all, all.create({ int64: 2 ** 60 })), WireError);
    throws(() => encode(all, all.create({ int64: 1.5 })), WireError);
  });

  it("never fails but by a WireError, and never hangs, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), message, (junk, value) => {
        const whole = encode(all, value);
        const cut = whole.subarray(0, Math.floor(whole.length / 2));
        for (const tried of [junk, cut]) {
          try {
            all.decode(tried);
          } catch (error) {
            equal(error instanceof WireError, true, String(error));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("refuses messages that are nested too deeply", () => {
    let deep: Uint8Array = new Uint8Array(0);
    for (let level = 0; level < 200; level++) {
      const writer = new WireWriter();
      writer.varint((12 << 3) | 2);
      writer.bytes(deep);
      deep = writer.take();
    }
    throws(() => all.decode(deep), /nested deeper than 100/);
  });
});

describe("WireReader", () => {
  it("refuses integers of more than ten bytes, lengths beyond the end, and field 0", () => {
    throws(() => new WireReader(Buffer.alloc(11, 0x80)).uint32(), /more than 64 bits/);
    throws(() => new WireReader(Buffer.from([5, 1])).bytes(), /cut short/);
    const long = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 1]);
    throws(() => new WireReader(long).bytes(), /cut short/);
    throws(() => new WireReader(Buffer.from([0])).tag(), /number 0/);
  });
});
