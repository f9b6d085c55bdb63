import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { applyMergePatch } from "./merge-patch.ts";
import { createThreeWayMergePatch } from "./three-way.ts";

describe("createThreeWayMergePatch()", () => {
  it("sets what is wanted, deletes what is no longer wanted and leaves what others added", () => {
    const patch = createThreeWayMergePatch({
      original: { spec: { a: 1, b: 1, gone: { x: 1 } } },
      modified: { spec: { a: 2, b: 1, empty: {} } },
      current: { spec: { a: 1, b: 1, gone: { x: 1 }, other: 1 }, status: {} },
    });
    deepEqual(patch, { spec: { a: 2, empty: {}, gone: null } });
    deepEqual(applyMergePatch({ spec: { a: 1, gone: { x: 1 }, other: 1 } }, patch), {
      spec: { a: 2, empty: {}, other: 1 },
    });
  });

  it("restores what somebody else changed", () => {
    const applied = { spec: { a: 1 } };
    deepEqual(
      createThreeWayMergePatch({
        original: applied,
        modified: applied,
        current: { spec: { a: 5, b: 1 } },
      }),
      { spec: { a: 1 } },
    );
  });

  it("is empty when the server has all that is wanted", () => {
    deepEqual(
      createThreeWayMergePatch({
        original: {},
        modified: { a: { b: 1 } },
        current: { a: { b: 1, c: 1 }, d: 1 },
      }),
      {},
    );
  });
});
