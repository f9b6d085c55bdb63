import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../meta/json-value.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import { encodeProtobuf } from "./encode-protobuf.ts";
import { isProtobufEnvelope } from "./protobuf-envelope.ts";
import type {
  ProtobufField,
  ProtobufInline,
  ProtobufMessage,
  ProtobufMessages,
  ProtobufType,
} from "./protobuf-message.ts";

interface FieldOptions {
  readonly repeats?: ProtobufField["repeats"];
  readonly keepsZero?: boolean;
}

function field(
  number: number,
  name: string,
  options: FieldOptions & { readonly type: ProtobufType },
): ProtobufField {
  return { number, name, repeats: "once", keepsZero: false, ...options };
}

function message(...fields: readonly (ProtobufField | ProtobufInline)[]): ProtobufMessage {
  return new Map(fields.map((each) => [each.number, each]));
}

const table: Readonly<Record<string, ProtobufMessage>> = {
  Widget: message(
    field(1, "metadata", { type: { message: "Meta" } }),
    field(2, "data", { type: "string", repeats: "map" }),
    field(3, "secret", { type: "bytes", repeats: "map" }),
    field(4, "replicas", { type: "int32", keepsZero: true }),
    field(5, "size", { type: "int64" }),
    field(6, "paused", { type: "bool" }),
    field(7, "ratio", { type: "double" }),
    field(8, "names", { type: "string", repeats: "list" }),
    field(9, "surge", { type: "intOrString" }),
    field(10, "limits", { type: "quantity", repeats: "map" }),
    field(11, "seen", { type: "microTime" }),
    field(12, "extra", { type: "strings", repeats: "map" }),
    field(13, "raw", { type: "raw" }),
    { number: 14, inline: message(field(2, "mode", { type: "string" })) },
    field(15, "allows", { type: { schemaOr: "bool", schema: "Schema" } }),
    field(16, "items", { type: { schemaOr: "schemas", schema: "Schema" } }),
    field(17, "needs", { type: { schemaOr: "strings", schema: "Schema" } }),
  ),
  Meta: message(
    field(1, "name", { type: "string" }),
    field(8, "creationTimestamp", { type: "time" }),
  ),
  Schema: message(field(5, "type", { type: "string" })),
};
const messages: ProtobufMessages = {
  nameOf: ({ kind }) => (kind in table ? kind : undefined),
  message: (name) => table[name],
};

/** The envelope of an `example.com/v1` Widget around the hexadecimal bytes of its message. */
function envelope(raw: string, kind = "Widget"): Uint8Array {
  const bytes = (text: string): string => Buffer.from(text).toString("hex");
  const framed = (tag: string, hex: string): string =>
    tag + (hex.length / 2).toString(16).padStart(2, "0") + hex;
  const type =
    framed("0a", bytes("example.com/v1")) + (kind === "" ? "" : framed("12", bytes(kind)));
  return Buffer.from(`6b387300${framed("0a", type)}${framed("12", raw)}1a002200`, "hex");
}

function decode(raw: string): JsonObject {
  const { apiVersion, kind, ...rest } = decodeProtobuf(envelope(raw), messages);
  deepEqual({ apiVersion, kind }, { apiVersion: "example.com/v1", kind: "Widget" });
  return rest;
}

describe("decodeProtobuf()", () => {
  const cases: readonly (readonly [string, string, JsonObject])[] = [
    ["a message in a message", "0a030a0161", { metadata: { name: "a" } }],
    ["a time", "0a0842060880bbbdac06", { metadata: { creationTimestamp: "2023-12-30T00:00:00Z" } }],
    ["no time", "0a024200", { metadata: {} }],
    ["a map of texts", "12060a016b120176", { data: { k: "v" } }],
    ["a map of bytes", "1a060a016b120176", { secret: { k: "dg==" } }],
    ["zero where it was set", "2000", { replicas: 0 }],
    ["no zero where Go leaves it out", "28003000", {}],
    ["a negative integer", "20ffffffffffffffffff01", { replicas: -1 }],
    ["an integer beyond 2⁵³", "288180808080808010", { size: 9007199254740993n }],
    ["a boolean", "3001", { paused: true }],
    ["a double", "39000000000000f83f", { ratio: 1.5 }],
    ["a list, with an empty text", "4201614200420162", { names: ["a", "", "b"] }],
    ["an integer or text: integer", "4a06080010501a00", { surge: 80 }],
    ["an integer or text: text", "4a08080110001a023525", { surge: "5%" }],
    ["quantities", "520a0a016312050a03353030", { limits: { c: "500" } }],
    ["a time of six digits", "5a0608011080d261", { seen: "1970-01-01T00:00:01.001599Z" }],
    ["lists in a map", "62080a016512030a017a", { extra: { e: ["z"] } }],
    ["raw JSON", "6a090a077b2261223a317d", { raw: { a: 1 } }],
    ["fields of an inlined message", "7203120178", { mode: "x" }],
    ["a boolean for a schema", "7a020801", { allows: true }],
    ["a schema for a boolean", "7a07080112032a0173", { allows: { type: "s" } }],
    ["schemas", "82010512032a0173", { items: [{ type: "s" }] }],
    ["texts for a schema", "8a0103120161", { needs: ["a"] }],
    [
      "an unknown field of each wire type",
      "980601a1060000000000000000aa060161b506000000002001",
      { replicas: 1 },
    ],
  ];
  for (const [what, raw, expected] of cases) {
    it(`reads ${what}`, () => deepEqual(decode(raw), expected));
  }

  it("takes the kind from the request where the envelope has none", () => {
    const gvk = { group: "example.com", version: "v1", kind: "Widget" };
    deepEqual(decodeProtobuf(envelope("2001", ""), messages, gvk), { replicas: 1 });
  });

  it("refuses bytes without the mark, cut off, or of a kind it does not know", () => {
    const name = "ProtobufError";
    throws(() => decodeProtobuf(Uint8Array.of(0x7b, 0x7d), messages), { name });
    throws(() => decodeProtobuf(envelope("12060a016b"), messages), { name });
    throws(() => decodeProtobuf(envelope("20ffff"), messages), { name });
    throws(() => decodeProtobuf(envelope("2f"), messages), { name });
    throws(() => decodeProtobuf(envelope("", "Gadget"), messages), {
      name,
      message: 'no kind "Gadget" is registered for version "example.com/v1"',
    });
  });
});

describe("encodeProtobuf()", () => {
  const widget: JsonObject = {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "ä", creationTimestamp: "2023-12-30T00:00:00Z" },
    data: { k: "v".repeat(300), empty: "" },
    secret: { k: "AAEC/w==" },
    replicas: -1,
    size: 9007199254740993n,
    paused: true,
    ratio: 1.5,
    names: ["a", "", "b"],
    surge: "25%",
    limits: { cpu: "500m" },
    seen: "2023-12-30T00:00:00.123456Z",
    extra: { e: ["x", "y"] },
    raw: { a: [1, null] },
    mode: "x",
    allows: { type: "string" },
    items: [{ type: "string" }],
    needs: ["a"],
  };

  it("writes what decodeProtobuf() reads again", () => {
    const bytes = encodeProtobuf(widget, messages);
    ok(bytes && isProtobufEnvelope(bytes));
    deepEqual(decodeProtobuf(bytes, messages), widget);
  });

  it("writes the bytes that Go would read", () => {
    const bytes = encodeProtobuf(
      { apiVersion: "example.com/v1", kind: "Widget", data: { k: "v" }, replicas: 0 },
      messages,
    );
    deepEqual(Buffer.from(bytes ?? []), Buffer.from(envelope("12060a016b1201762000")));
  });

  it("has nothing for a kind without a message", () => {
    equal(encodeProtobuf({ apiVersion: "v1", kind: "Gadget" }, messages), undefined);
    equal(encodeProtobuf({ kind: "Widget" }, messages), undefined);
  });
});
