import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { LogChange } from "../../store/revision-log.ts";
import { decodeChanges, encodeChanges } from "./change-frame.ts";

const change: LogChange = {
  kind: "put",
  key: "a\u00ff/b",
  revision: 2 ** 40 + 1,
  sub: 3,
  createRevision: 2 ** 39,
  version: 7,
  lease: 2 ** 52,
  previousRevision: 2 ** 40,
  previousSub: 1,
  value: Buffer.from("value"),
  previous: undefined,
};

describe("encodeChanges() and decodeChanges()", () => {
  it("carry every field, and large numbers exactly", () => {
    const [decoded] = decodeChanges(encodeChanges([change]));
    const { kind: _, value, key, previous: __, ...numbers } = change;
    deepEqual(decoded, {
      ...numbers,
      isDelete: false,
      key: new Uint8Array(Buffer.from(key, "latin1")),
      value: new Uint8Array(value ?? []),
    });
  });

  it("use a frame again where it is large enough, and leave nothing of the last batch", () => {
    const frame = encodeChanges([change, { ...change, value: Buffer.alloc(1000, "x") }]);
    const deleted: LogChange = { ...change, kind: "delete", value: Buffer.alloc(0) };
    equal(encodeChanges([deleted], frame), frame);
    const decoded = [...decodeChanges(frame)];
    deepEqual(
      decoded.map(({ isDelete, value }) => [isDelete, value.length]),
      [[true, 0]],
    );
    const large = { ...change, value: Buffer.alloc(frame.byteLength) };
    equal(encodeChanges([large], frame).byteLength > frame.byteLength, true);
  });
});
