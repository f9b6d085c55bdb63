import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  nat,
  option,
  property,
  record,
  string,
  uint8Array,
} from "fast-check";
import { WireWriter } from "../codec/wire-writer.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { HpackEncoder } from "./hpack-encoder.ts";
import { decodeHuffman } from "./huffman.ts";

const shown = (fields: readonly HeaderField[]): readonly string[] =>
  fields.map(({ name, value }) => `${name}: ${value}`);
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ""), "hex");

// RFC 7541, appendix C: the bytes, and the fields that they stand for.
const request = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
const requests = [
  {
    plain: "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    huffman: "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    fields: request,
  },
  {
    plain: "8286 84be 5808 6e6f 2d63 6163 6865",
    huffman: "8286 84be 5886 a8eb 1064 9cbf",
    fields: [...request, "cache-control: no-cache"],
  },
  {
    plain: "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    huffman: "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    fields: [
      ":method: GET",
      ":scheme: https",
      ":path: /index.html",
      ":authority: www.example.com",
      "custom-key: custom-value",
    ],
  },
];

describe("HpackDecoder", () => {
  for (const form of ["plain", "huffman"] as const) {
    it(`reads the RFC's three requests in turn, ${form}`, () => {
      const decoder = new HpackDecoder();
      for (const each of requests) deepEqual(shown(decoder.decode(bytes(each[form]))), each.fields);
    });
  }

  it("reads what an encoder writes, block after block, whatever the fields are", () => {
    const text = string({
      unit: integer({ min: 0x20, max: 0xff }).map((at) => String.fromCharCode(at)),
    });
    const name = constantFrom("grpc-status", ":path", "x-a", "x-b", "content-type");
    const field = record({ name, value: text, isConstant: boolean() });
    const lists = array(array(field, { minLength: 1, maxLength: 6 }), { maxLength: 8 });
    assert(
      property(lists, option(nat(4096)), (blocks, limit) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder();
        for (const [at, fields] of [...blocks, ...blocks].entries()) {
          if (at === 2 && limit !== null) encoder.limitTable(limit);
          const writer = new WireWriter();
          encoder.encode(fields, writer);
          deepEqual(shown(decoder.decode(Buffer.from(writer.take()))), shown(fields));
        }
      }),
    );
  });

  it("refuses a block that stands for far more than it is", () => {
    const decoder = new HpackDecoder();
    const value = "x".repeat(3000);
    const writer = new WireWriter();
    new HpackEncoder().encode([{ name: "x-long", value, isConstant: true }], writer);
    decoder.decode(Buffer.from(writer.take()));
    equal(decoder.decode(Buffer.alloc(21, 0xbe)).length, 21);
    throws(() => decoder.decode(Buffer.alloc(22, 0xbe)), /so many headers/);
  });

  it("refuses what is broken", () => {
    const broken = {
      "an index of nothing": "80",
      "an index beyond the table": "be",
      "a text that is cut short": "0005 61",
      "an integer without an end": "ffff ffff ffff",
      "a table that is too large": "3fe2 1f",
      "a table size behind a field": "82 20",
      "Huffman that ends the text within it": "0084 ffff ffff 00",
      "Huffman that is filled up by zeros": "0081 18 00",
    };
    for (const [what, block] of Object.entries(broken)) {
      throws(() => new HpackDecoder().decode(bytes(block)), { name: "Http2Error" }, what);
    }
  });

  it("survives whatever comes", () => {
    assert(
      property(uint8Array({ maxLength: 200 }), (block) => {
        try {
          new HpackDecoder().decode(Buffer.from(block));
        } catch (error) {
          equal((error as Error).name, "Http2Error");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("decodeHuffman()", () => {
  it("reads the RFC's texts", () => {
    equal(decodeHuffman(bytes("f1e3 c2e5 f23a 6ba0 ab90 f4ff")), "www.example.com");
    equal(
      decodeHuffman(
        bytes(
          "94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ),
      ),
      "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    );
  });
});
