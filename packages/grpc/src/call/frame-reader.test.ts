import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { FrameReader } from "./frame-reader.ts";

function frame(text: string): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(text.length, 1);
  return Buffer.concat([header, Buffer.from(text)]);
}

function readAll(chunks: readonly Buffer[], reader: FrameReader = new FrameReader(1000)): string[] {
  const found: string[] = [];
  for (const chunk of chunks) reader.feed(chunk, (message) => found.push(message.toString()));
  return found;
}

describe("FrameReader", () => {
  const texts = ["", "a", "some longer message", "", "x".repeat(300)];
  const bytes = Buffer.concat(texts.map(frame));

  it("gives the same messages however the bytes are cut", () => {
    for (let size = 1; size <= bytes.length; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      deepEqual(readAll(chunks), texts, `in pieces of ${size}`);
    }
  });

  it("knows whether it is inside a message", () => {
    const reader = new FrameReader(1000);
    readAll([frame("abc")], reader);
    equal(reader.isInside, false);
    readAll([frame("abc").subarray(0, 6)], reader);
    equal(reader.isInside, true);
  });

  it("refuses a message that is too long by its header alone, and compressed ones", () => {
    const long = Buffer.from([0, 0, 0, 4, 0]);
    throws(() => readAll([long]), /at most 1000 bytes: it has 1024/);
    throws(() => readAll([Buffer.from([1, 0, 0, 0, 0])]), /compressed/);
  });
});
