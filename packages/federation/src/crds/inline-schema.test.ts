import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@cellplane/apimachinery";
import { inlineSchema } from "./inline-schema.ts";

const definitions: Readonly<Record<string, JsonObject>> = {
  Port: { oneOf: [{ type: "integer" }, { type: "string" }] },
  Spec: {
    type: "object",
    description: "said at length",
    properties: {
      port: { $ref: "#/components/schemas/Port" },
      nested: { allOf: [{ $ref: "#/components/schemas/Spec" }], default: {} },
      labels: { type: "object", additionalProperties: { type: "string", description: "x" } },
      ports: { type: "array", items: { $ref: "#/components/schemas/Port" } },
      free: {},
    },
  },
};

describe("inlineSchema()", () => {
  it("puts references in place, ends what refers to itself, and leaves descriptions out", () => {
    const schema = inlineSchema({ $ref: "#/components/schemas/Spec" }, (name) => definitions[name]);
    deepEqual(schema, {
      type: "object",
      properties: {
        port: { "x-kubernetes-int-or-string": true },
        nested: { "x-kubernetes-preserve-unknown-fields": true },
        labels: { type: "object", additionalProperties: { type: "string" } },
        ports: { type: "array", items: { "x-kubernetes-int-or-string": true } },
        free: { "x-kubernetes-preserve-unknown-fields": true },
      },
    });
  });

  it("takes an unknown reference for anything", () => {
    deepEqual(
      inlineSchema({ $ref: "#/x/Gone" }, () => undefined),
      {
        "x-kubernetes-preserve-unknown-fields": true,
      },
    );
  });
});
