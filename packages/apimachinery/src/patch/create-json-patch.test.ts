import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { createJsonPatch } from "./create-json-patch.ts";

describe("createJsonPatch()", () => {
  it("removes, adds and replaces what differs, as deep down as it can", () => {
    const from = { metadata: { name: "a", labels: { x: "1", y: "2" } }, spec: { list: [1, 2] } };
    const to = {
      metadata: { name: "a", labels: { x: "3", "k8s.io/z~": "4" } },
      spec: { list: [1] },
    };
    deepEqual(createJsonPatch(from, to), [
      { op: "remove", path: "/metadata/labels/y" },
      { op: "replace", path: "/metadata/labels/x", value: "3" },
      { op: "add", path: "/metadata/labels/k8s.io~1z~0", value: "4" },
      { op: "replace", path: "/spec/list", value: [1] },
    ]);
  });

  it("is empty where nothing differs but the order of members", () => {
    deepEqual(createJsonPatch({ a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 }), []);
  });
});
