import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { compiledSchema } from "./compiled-schema.ts";
import { publishedDefinition } from "./open-api-definition.ts";
import { parseDefinition } from "./parse-definition.ts";
import { protobufMessage } from "./protobuf-message.ts";

const line = [
  "Thing kind=example.com/v1 required=b,a atomic union=type;local:Local",
  'a 1 s default=""',
  "b 2.3 i?",
  "list 4 [>Other] map=name,port key=name patch=merge,retainKeys",
  'mode 5 (A a|B) default="B"',
  "map 6 {>apimachinery.pkg.api.resource.Quantity} granular",
  "ref 7 >Other atomic",
].join("\t");
const definition = parseDefinition(line, "io.k8s.api.x.v1");
const other = "io.k8s.api.x.v1.Other";
const list = {
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name", "port"],
  "x-kubernetes-patch-merge-key": "name",
  "x-kubernetes-patch-strategy": "merge,retainKeys",
};

describe("parseDefinition()", () => {
  it("reads a line", () => {
    equal(definition.name, "io.k8s.api.x.v1.Thing");
    deepEqual(definition.kindIn, ["example.com/v1"]);
    deepEqual(definition.required, ["b", "a"]);
    const [a, b, items, mode, map, ref] = definition.properties;
    deepEqual(a, {
      name: "a",
      numbers: [1],
      schema: { type: "string" },
      isPointer: false,
      defaultValue: "",
    });
    deepEqual([b?.numbers, b?.isPointer], [[2, 3], true]);
    deepEqual(items?.schema, { type: "array", items: { $ref: other }, ...list });
    deepEqual(mode?.schema, { type: "string", enum: ["A a", "B"] });
    deepEqual(map?.schema, {
      type: "object",
      additionalProperties: { $ref: "io.k8s.apimachinery.pkg.api.resource.Quantity" },
      "x-kubernetes-map-type": "granular",
    });
    deepEqual(ref?.schema, { $ref: other, "x-kubernetes-map-type": "atomic" });
  });

  it("refuses a type that there is not", () => {
    throws(() => parseDefinition("Thing\ta 1 ?!", "p"), /Cannot read/);
  });
});

describe("what becomes of a definition", () => {
  it("is compiled with the defaults that change a value", () => {
    const properties = compiledSchema(definition)["properties"] as Record<string, object>;
    deepEqual(properties["a"], { type: "string" });
    deepEqual(properties["mode"], { type: "string", enum: ["A a", "B"], default: "B" });
  });

  it("is published with references of the form's own", () => {
    const v2 = publishedDefinition(definition, { form: "v2", everywhere: [] });
    const v3 = publishedDefinition(definition, { form: "v3", everywhere: [] });
    const refOf = (document: object): unknown =>
      (document as { properties: Record<string, unknown> }).properties["ref"];
    deepEqual(refOf(v2), { $ref: `#/definitions/${other}`, "x-kubernetes-map-type": "atomic" });
    deepEqual(refOf(v3), {
      allOf: [{ $ref: `#/components/schemas/${other}` }],
      "x-kubernetes-map-type": "atomic",
    });
    deepEqual(v3["x-kubernetes-group-version-kind"], [
      { group: "example.com", kind: "Thing", version: "v1" },
    ]);
  });

  it("is a message whose inlined fields lie in one of their own", () => {
    const message = protobufMessage(definition);
    deepEqual(Array.from(message.keys()), [1, 2, 4, 5, 6, 7]);
    const inline = message.get(2);
    deepEqual(inline && "inline" in inline ? inline.inline.get(3) : undefined, {
      number: 3,
      name: "b",
      keepsZero: true,
      type: "int32",
      repeats: "once",
    });
    deepEqual(message.get(6), {
      number: 6,
      name: "map",
      keepsZero: false,
      type: "quantity",
      repeats: "map",
    });
  });
});
