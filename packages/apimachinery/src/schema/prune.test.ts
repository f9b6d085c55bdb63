import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../meta/json-value.ts";
import { compileSchema } from "./compile-schema.ts";
import { applyDefaults } from "./defaults.ts";
import { pruneUnknown } from "./prune.ts";
import { findUnknownFields } from "./unknown-fields.ts";

const leaf: JsonObject = { type: "object", properties: { k: { type: "string" } } };
const node = compileSchema({
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        a: { type: "string" },
        l: { type: "array", items: leaf },
        m: { type: "object", additionalProperties: leaf },
        free: {
          type: "object",
          "x-kubernetes-preserve-unknown-fields": true,
          properties: { known: leaf },
        },
        t: {
          type: "object",
          "x-kubernetes-embedded-resource": true,
          "x-kubernetes-preserve-unknown-fields": true,
        },
      },
    },
  },
});
const full = {
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name: "x", bogus: 1, labels: { a: "b" } },
  spec: {
    zap: 1,
    a: "1",
    l: [{ k: "a", z: 1 }],
    m: { q: { k: "b", z: 1 } },
    free: { any: { deep: [{ x: 1 }] }, known: { k: "c", z: 1 } },
    t: { apiVersion: "v1", metadata: { name: "n", bogus: 1 }, spec: { any: 1 } },
  },
  top: 1,
};

describe("pruneUnknown()", () => {
  const pruned = {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "x", labels: { a: "b" } },
    spec: {
      a: "1",
      l: [{ k: "a" }],
      m: { q: { k: "b" } },
      free: { any: { deep: [{ x: 1 }] }, known: { k: "c" } },
      t: { apiVersion: "v1", metadata: { name: "n" }, spec: { any: 1 } },
    },
  };

  it("drops what no schema knows, at every level", () => {
    deepEqual(pruneUnknown(node, full), pruned);
  });

  it("gives the same value back where there is nothing to drop", () => {
    equal(pruneUnknown(node, pruned), pruned);
  });
});

describe("findUnknownFields()", () => {
  it("names those of a custom resource's metadata first, then the others sorted", () => {
    deepEqual(findUnknownFields(node, full), [
      "metadata.bogus",
      "spec.free.known.z",
      "spec.l[0].z",
      "spec.m.q.z",
      "spec.t.metadata.bogus",
      "spec.zap",
      "top",
    ]);
  });

  it("names those of a definition as they stand in the document", () => {
    const definitions: Record<string, JsonObject> = {
      Thing: { type: "object", properties: { next: { $ref: "Thing" }, a: { type: "string" } } },
    };
    const thing = compileSchema({ $ref: "Thing" }, (name) => definitions[name]);
    deepEqual(findUnknownFields(thing, { z: 1, next: { next: { y: 1 } }, b: 1 }), [
      "z",
      "next.next.y",
      "b",
    ]);
  });
});

describe("applyDefaults()", () => {
  const withDefaults = compileSchema({
    type: "object",
    properties: {
      spec: {
        type: "object",
        default: {},
        properties: {
          a: { type: "string", default: "A" },
          n: { type: "object", default: {}, properties: { i: { type: "integer", default: 5 } } },
          noParent: { type: "object", properties: { i: { type: "integer", default: 7 } } },
          l: {
            type: "array",
            items: { type: "object", properties: { v: { type: "boolean", default: true } } },
          },
          nul: { type: "string", nullable: true },
          plain: { type: "string" },
        },
      },
    },
  });

  it("fills absent fields of objects that are there, and of defaults themselves", () => {
    deepEqual(applyDefaults(withDefaults, {}), { spec: { a: "A", n: { i: 5 } } });
    deepEqual(applyDefaults(withDefaults, { spec: { noParent: {}, l: [{}, { v: false }] } }), {
      spec: { noParent: { i: 7 }, l: [{ v: true }, { v: false }], a: "A", n: { i: 5 } },
    });
  });

  it("replaces null by the default, keeps it where nullable, and else drops it", () => {
    const spec = { a: null, nul: null, plain: null, n: {}, l: [null] };
    deepEqual(applyDefaults(withDefaults, { spec }), {
      spec: { a: "A", nul: null, n: { i: 5 }, l: [null] },
    });
    deepEqual(applyDefaults(withDefaults, { spec: null }), { spec: { a: "A", n: { i: 5 } } });
  });

  it("gives the same value back where nothing is missing", () => {
    const value = { spec: { a: "x", n: { i: 1 }, l: [{ v: true }] } };
    equal(applyDefaults(withDefaults, value), value);
  });
});
