import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { KeySpace } from "./key-space.ts";

const k = (text: string): Buffer => Buffer.from(text, "latin1");

const rangeOf = (space: KeySpace, key: string, end?: string): readonly string[] => {
  const range = space.toWireRange({ key: k(key), ...(end === undefined ? {} : { end: k(end) }) });
  return [range.key, range.rangeEnd].map((bytes) => bytes.toString("latin1"));
};

describe("KeySpace", () => {
  it("puts the prefix before keys and ends, and ends at the last key of the prefix", () => {
    const space = new KeySpace("/p/");
    deepEqual(rangeOf(space, "a"), ["/p/a", ""]);
    deepEqual(rangeOf(space, "a", ""), ["/p/a", ""]);
    deepEqual(rangeOf(space, "a", "b"), ["/p/a", "/p/b"]);
    deepEqual(rangeOf(space, "a", "\0"), ["/p/a", "/p0"]);
    equal(space.fromWire(k("/p/a")).toString(), "a");
  });

  it("leaves all as it is without a prefix", () => {
    const space = new KeySpace("");
    deepEqual(rangeOf(space, "a", "\0"), ["a", "\0"]);
    equal(space.has(k("anything")), true);
  });

  it("knows which keys are its own", () => {
    const space = new KeySpace("/p/");
    deepEqual(
      ["/p/a", "/p/", "/p", "/pq", ""].map((key) => space.has(k(key))),
      [true, true, false, false, false],
    );
  });
});
