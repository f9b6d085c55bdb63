import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { FrameParser, preface } from "./frame-parser.ts";

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head.writeUInt32BE(5, 5);
  return Buffer.concat([head, payload]);
}

describe("FrameParser", () => {
  it("gives the same frames however the bytes are cut", () => {
    const payloads = ["", "a", "some longer payload", "", "x".repeat(300), "y"];
    const frames = payloads.map((text, type) => frame(type, Buffer.from(text)));
    const bytes = Buffer.concat([preface, ...frames]);
    for (let size = 1; size <= bytes.length; size++) {
      const found: unknown[] = [];
      const parser = new FrameParser(
        ({ type, streamId }, payload) => found.push([type, streamId, payload.toString()]),
        { expectsPreface: true },
      );
      for (let at = 0; at < bytes.length; at += size) parser.feed(bytes.subarray(at, at + size));
      const wanted = payloads.map((text, type) => [type, 5, text]);
      deepEqual(found, wanted, `in pieces of ${size}`);
    }
  });
});
