import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { createSchemaCompiler } from "../schema/compile-schema.ts";
import { StatusError } from "../status/status-error.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const text = { type: "string" };
const merge = { "x-kubernetes-patch-strategy": "merge" };
const schema = createSchemaCompiler(() => undefined)({
  type: "object",
  properties: {
    labels: { type: "object", additionalProperties: text },
    finalizers: { type: "array", items: text, ...merge },
    args: { type: "array", items: text },
    strategy: { type: "object", properties: { type: text, rolling: { type: "object" } } },
    items: {
      type: "array",
      ...merge,
      "x-kubernetes-patch-merge-key": "name",
      items: {
        type: "object",
        properties: {
          name: text,
          image: text,
          env: {
            type: "array",
            ...merge,
            "x-kubernetes-patch-merge-key": "name",
            items: { type: "object" },
          },
        },
      },
    },
  },
});

function patch(document: JsonObject, change: JsonValue): JsonObject {
  return applyStrategicMergePatch(document, change, schema);
}

function refusal(document: JsonObject, change: JsonValue): readonly [number, string] {
  try {
    patch(document, change);
  } catch (error) {
    if (error instanceof StatusError) return [error.code, error.message];
    throw error;
  }
  return [200, "patched"];
}

const named = (...names: readonly string[]): readonly JsonObject[] =>
  names.map((name) => ({ name }));

describe("applyStrategicMergePatch()", () => {
  it("merges maps, deletes with null and replaces lists without a strategy", () => {
    const document = { labels: { a: "1", b: "2" }, args: ["x", "y"] };
    const before = structuredClone(document);
    deepEqual(patch(document, { labels: { a: null, c: "3" }, args: ["z"] }), {
      labels: { b: "2", c: "3" },
      args: ["z"],
    });
    deepEqual(document, before, "arguments are not changed");
  });

  it("merges items by key: the patch's order first, live items before those they preceded", () => {
    const document = { items: named("a", "b", "c", "d") };
    const merged = patch(document, { items: named("x", "c", "a") });
    deepEqual(merged, { items: named("x", "b", "c", "a", "d") });
    deepEqual(patch({ items: [{ name: "a", image: "1" }] }, { items: [{ name: "a", env: [] }] }), {
      items: [{ name: "a", image: "1", env: [] }],
    });
  });

  it("joins lists of scalars and deletes from them", () => {
    const document = { finalizers: ["a", "b"] };
    deepEqual(patch(document, { finalizers: ["c", "a"] }), { finalizers: ["c", "a", "b"] });
    deepEqual(patch(document, { "$deleteFromPrimitiveList/finalizers": ["a", "z"] }), {
      finalizers: ["b"],
    });
    deepEqual(patch({}, { "$deleteFromPrimitiveList/finalizers": ["a"] }), {});
  });

  it("obeys $setElementOrder", () => {
    const document = { items: named("a", "b", "c") };
    deepEqual(patch(document, { "$setElementOrder/items": named("c", "a") }), {
      items: named("b", "c", "a"),
    });
    deepEqual(patch(document, { "$setElementOrder/items": named("d", "a"), items: named("d") }), {
      items: named("d", "a", "b", "c"),
    });
    deepEqual(
      patch(
        { finalizers: ["a"] },
        { "$setElementOrder/finalizers": ["b", "a"], finalizers: ["b"] },
      ),
      { finalizers: ["b", "a"] },
    );
  });

  it("obeys $patch in items, lists and maps", () => {
    const document = { items: named("a", "b"), labels: { a: "1" } };
    deepEqual(patch(document, { items: [{ name: "a", $patch: "delete" }] })["items"], named("b"));
    deepEqual(
      patch(document, { items: [{ $patch: "replace" }, { name: "z" }] })["items"],
      named("z"),
    );
    deepEqual(patch(document, { labels: { $patch: "replace", z: "1" } })["labels"], { z: "1" });
    deepEqual(patch(document, { labels: { $patch: "delete" } })["labels"], {});
    deepEqual(patch({}, { labels: { $patch: "delete" } }), {});
  });

  it("clears with $retainKeys what it does not name", () => {
    const document = { strategy: { type: "RollingUpdate", rolling: { x: 1 } } };
    deepEqual(patch(document, { strategy: { $retainKeys: ["type"], type: "Recreate" } }), {
      strategy: { type: "Recreate" },
    });
    deepEqual(refusal(document, { strategy: { $retainKeys: ["type"], rolling: {} } }), [
      400,
      "invalid patch format of retainKeys",
    ]);
  });

  it("leaves nulls and directives out of what is new", () => {
    deepEqual(patch({}, { strategy: { type: null, rolling: { a: 1, $patch: "delete" } } }), {
      strategy: {},
    });
  });

  it("says what it cannot merge in Kubernetes' words", () => {
    const document = { items: named("a"), finalizers: ["a"] };
    deepEqual(refusal(document, { items: [{ name: "a", $patch: "odd" }] }), [
      500,
      "unknown patch type: odd in map: map[$patch:odd name:a]",
    ]);
    deepEqual(refusal(document, { items: [{ image: "x" }] }), [
      500,
      "map: map[image:x] does not contain declared merge key: name",
    ]);
    deepEqual(refusal(document, { items: [{ name: "a", $patch: "delete" }, "a"] })[0], 500);
    equal(refusal(document, { "$setElementOrder/items": "a" })[0], 500);
    deepEqual(refusal(document, { $setElementOrder: [] }), [
      400,
      "invalid patch format of setElementOrder list",
    ]);
    deepEqual(refusal(document, { $deleteFromPrimitiveList: ["a"] }), [
      400,
      "invalid patch format of primitive list",
    ]);
    equal(refusal({ finalizers: [["a"]] }, { finalizers: ["b"] })[0], 422);
    equal(refusal(document, [1])[0], 400);
    const [code, message] = refusal(document, {
      "$setElementOrder/items": named("b", "a"),
      items: named("a", "b"),
    });
    equal(code, 500);
    equal(message.startsWith("The order in patch list:\n[map[name:a] map[name:b]]\n"), true);
  });
});
