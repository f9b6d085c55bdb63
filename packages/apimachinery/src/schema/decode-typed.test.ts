import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { compileSchema } from "./compile-schema.ts";
import { describeMetadataMismatch, describeTypeMismatch } from "./decode-typed.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const intOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const definitions: Readonly<Record<string, JsonObject>> = {
  "io.k8s.api.apps.v1.Deployment": {
    type: "object",
    properties: { spec: { $ref: "io.k8s.api.apps.v1.DeploymentSpec" } },
  },
  "io.k8s.api.apps.v1.DeploymentSpec": {
    type: "object",
    properties: {
      replicas: { type: "integer", format: "int32" },
      generation: { type: "integer", format: "int64" },
      paused: { type: "boolean" },
      ratio: { type: "number", format: "double" },
      containers: { type: "array", items: { $ref: "io.k8s.api.core.v1.Container" } },
      data: { type: "object", additionalProperties: { type: "string", format: "byte" } },
      at: { $ref: `${meta}.Time` },
      surge: { $ref: intOrString },
    },
  },
  "io.k8s.api.core.v1.Container": {
    type: "object",
    properties: {
      name: { type: "string" },
      args: { type: "array", items: { type: "string" } },
      limits: { type: "object", additionalProperties: { $ref: quantity } },
    },
  },
  [`${meta}.Time`]: { type: "string", format: "date-time" },
  [quantity]: { type: "string" },
  [intOrString]: { type: "string", format: "int-or-string" },
};
const node = compileSchema({ $ref: "io.k8s.api.apps.v1.Deployment" }, (name) => definitions[name]);

describe("describeTypeMismatch()", () => {
  const field = "json: cannot unmarshal";
  const cases: readonly (readonly [JsonValue, string | undefined])[] = [
    [
      { replicas: "3" },
      `${field} string into Go struct field DeploymentSpec.spec.replicas of type int32`,
    ],
    [
      { replicas: 1.5 },
      `${field} number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32`,
    ],
    [
      { replicas: 3000000000 },
      `${field} number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32`,
    ],
    [{ paused: 1 }, `${field} number into Go struct field DeploymentSpec.spec.paused of type bool`],
    [
      { ratio: "1" },
      `${field} string into Go struct field DeploymentSpec.spec.ratio of type float64`,
    ],
    [
      { containers: "x" },
      `${field} string into Go struct field DeploymentSpec.spec.containers of type []v1.Container`,
    ],
    [
      { containers: [{ name: true }] },
      `${field} bool into Go struct field Container.spec.containers.name of type string`,
    ],
    [
      { containers: [{ args: {} }] },
      `${field} object into Go struct field Container.spec.containers.args of type []string`,
    ],
    [
      { containers: ["x"] },
      `${field} string into Go struct field DeploymentSpec.spec.containers of type v1.Container`,
    ],
    [
      { containers: [{ limits: { cpu: "lots" } }] },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [{ data: { a: "***" } }, "illegal base64 data at input byte 0"],
    [{ surge: true }, `${field} bool into Go value of type int32`],
    [{ at: 5 }, `${field} number into Go value of type string`],
    [
      { at: "noon" },
      'parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006"',
    ],
    [{ at: "2024-13-01T00:00:00Z" }, 'parsing time "2024-13-01T00:00:00Z": month out of range'],
    [
      {
        replicas: null,
        generation: 9007199254740993n,
        paused: true,
        ratio: 1.5,
        containers: [{ name: "a", limits: { cpu: "100m", memory: 5 } }],
        data: { a: "YQ==" },
        at: "2024-01-01T00:00:00Z",
        surge: "25%",
        unknown: { x: [] },
      },
      undefined,
    ],
  ];
  for (const [spec, expected] of cases) {
    it(`says of ${String(expected)}`, () => equal(describeTypeMismatch(node, { spec }), expected));
  }
});

describe("describeMetadataMismatch()", () => {
  it("names the struct of a custom resource's metadata", () => {
    equal(
      describeMetadataMismatch({ name: "a", labels: { a: 1 } }),
      "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string",
    );
    equal(
      describeMetadataMismatch({ ownerReferences: [{ uid: 1 }] }),
      "json: cannot unmarshal number into Go struct field OwnerReference.ownerReferences.uid of type string",
    );
    equal(describeMetadataMismatch({ name: "a", creationTimestamp: null, bogus: 1 }), undefined);
  });
});
