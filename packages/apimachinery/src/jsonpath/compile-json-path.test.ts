import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonValue } from "../meta/json-value.ts";
import { compileJsonPath } from "./compile-json-path.ts";

const object = {
  metadata: { name: "x", labels: { "a.b": "1", "a-b": "2" } },
  spec: {
    replicas: 3,
    ports: [
      { name: "http", port: 80 },
      { name: "https", port: 443 },
      { name: "dns", port: 53 },
    ],
  },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Other", status: "False", on: true },
    ],
  },
};

describe("compileJsonPath()", () => {
  const cases: readonly (readonly [string, readonly JsonValue[]])[] = [
    [".spec.replicas", [3]],
    ["{.spec.replicas}", [3]],
    ["$.spec.replicas", [3]],
    ["spec.replicas", [3]],
    [".spec.none.deeper", []],
    [".", [object]],
    [".status.conditions[?(@.type=='Ready')].status", ["True"]],
    ['.status.conditions[?(@.type=="Other")].status', ["False"]],
    ["{.status.conditions[?(@.type != 'Ready')].status}", ["False"]],
    [".status.conditions[?(@.on)].type", ["Other"]],
    [".status.conditions[?(@.on==true)].type", ["Other"]],
    [".spec.ports[?(@.port>=80)].name", ["http", "https"]],
    [".spec.ports[?(@.port<80)].name", ["dns"]],
    [".spec.ports[*].port", [80, 443, 53]],
    [".spec.ports.*.port", [80, 443, 53]],
    [".spec.ports[0].name", ["http"]],
    [".spec.ports[-1].name", ["dns"]],
    [".spec.ports[5].name", []],
    [".spec.ports[1:].name", ["https", "dns"]],
    [".spec.ports[:2].name", ["http", "https"]],
    [".spec.ports[-2:].name", ["https", "dns"]],
    [".spec.ports[0:3:2].name", ["http", "dns"]],
    [".spec.ports[0,2].name", ["http", "dns"]],
    [".metadata.labels['a.b']", ["1"]],
    [".metadata.labels.a\\.b", ["1"]],
    [".metadata.labels.a-b", ["2"]],
    [".metadata['name','labels']", ["x", object.metadata.labels]],
    ["..port", [80, 443, 53]],
    ["..ports[0].name", ["http"]],
  ];
  for (const [text, expected] of cases) {
    it(`follows ${text}`, () => deepEqual(compileJsonPath(text)(object), expected));
  }

  for (const text of [".a[", ".a['b]", ".a[x]", ".a[]", ".a b"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      throws(() => compileJsonPath(text), { name: "JsonPathError" });
    });
  }

  it("refuses a path that ends in a dot, and steps that do not advance", () => {
    throws(() => compileJsonPath(".a."), { name: "JsonPathError" });
    throws(() => compileJsonPath(".a[0:2:0]"), { name: "JsonPathError" });
  });
});
