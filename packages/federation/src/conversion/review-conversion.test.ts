import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { isJsonObject, type JsonObject, type JsonValue } from "@cellplane/apimachinery";
import { reviewConversion } from "./review-conversion.ts";

const group = "types.kubefed.io";

const topologyView = (name: string, topology: string): JsonObject => ({
  apiVersion: `${group}/v1beta2`,
  kind: "FederatedConfigMap",
  metadata: { name, namespace: "bank", uid: `uid-${name}`, labels: { app: name } },
  spec: { topologyType: "cell", template: {}, placement: { topologies: [{ name: topology }] } },
});

function ask(desiredAPIVersion: string, objects: JsonValue): JsonObject {
  const outcome = reviewConversion({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "ConversionReview",
    request: { uid: "u-1", desiredAPIVersion, objects },
  });
  ok(outcome.kind === "answered");
  equal(outcome.review["apiVersion"], "apiextensions.k8s.io/v1");
  const { response } = outcome.review;
  ok(isJsonObject(response));
  equal(response["uid"], "u-1");
  return response;
}

const convertedOf = (response: JsonObject): readonly JsonObject[] =>
  response["convertedObjects"] as unknown as readonly JsonObject[];

describe("reviewConversion()", () => {
  const originals = [topologyView("one", "rz00a"), topologyView("two", "rz01a")];

  it("converts every object of a review, in its order, and back to what it was", () => {
    const there = convertedOf(ask(`${group}/v1beta1`, originals));
    deepEqual(
      there.map(({ spec }) => (spec as JsonObject)["placement"]),
      [{ clusters: [{ name: "bank.rz00a" }] }, { clusters: [{ name: "bank.rz01a" }] }],
    );
    deepEqual(convertedOf(ask(`${group}/v1beta2`, there)), originals);
  });

  it("leaves metadata as it is, but for the annotations that carry the other view", () => {
    const [there] = convertedOf(ask(`${group}/v1beta1`, originals));
    ok(isJsonObject(there?.["metadata"]));
    const { annotations: _, ...metadata } = there["metadata"];
    deepEqual(metadata, originals[0]?.["metadata"]);
  });

  it("answers what is in the asked view already as it is, and nothing with nothing", () => {
    deepEqual(convertedOf(ask(`${group}/v1beta2`, originals)), originals);
    deepEqual(convertedOf(ask(`${group}/v1beta2`, [])), []);
  });

  it("converts a part of an object that has no metadata", () => {
    const part = { apiVersion: `${group}/v1beta2`, kind: "FederatedConfigMap", spec: {} };
    deepEqual(convertedOf(ask(`${group}/v1beta1`, [part])), [
      { ...part, apiVersion: `${group}/v1beta1` },
    ]);
  });

  const failures: readonly (readonly [string, string, JsonValue, string])[] = [
    [
      "a version that there is not",
      `${group}/v1`,
      originals,
      'Cannot convert to "types.kubefed.io/v1": the versions are v1beta1 and v1beta2',
    ],
    [
      "an object of another version",
      `${group}/v1beta1`,
      [originals[0] ?? null, { apiVersion: `${group}/v2`, kind: "FederatedConfigMap" }],
      'Cannot convert request.objects[1]: apiVersion "types.kubefed.io/v2" is of no federated kind; its versions are v1beta1 and v1beta2',
    ],
    [
      "an object of another group",
      `${group}/v1beta1`,
      [{ ...originals[0], apiVersion: "other.io/v1beta2" }],
      'Cannot convert request.objects[0]: apiVersion "other.io/v1beta2" is of another group than "types.kubefed.io"',
    ],
    [
      "a kind that is not federated",
      `${group}/v1beta1`,
      [{ ...originals[0], kind: "ConfigMap" }],
      'Cannot convert request.objects[0]: kind "ConfigMap" is not federated',
    ],
    [
      "what is no object",
      `${group}/v1beta1`,
      [7],
      "Cannot convert request.objects[0]: it must be an object",
    ],
    ["no list", `${group}/v1beta1`, null, "request.objects must be a list"],
  ];
  for (const [what, desired, objects, message] of failures) {
    it(`fails with a message for ${what}`, () => {
      const response = ask(desired, objects);
      deepEqual(response["result"], { status: "Failed", message });
      equal(response["convertedObjects"], undefined);
    });
  }

  it("does not answer what is no review of a version that it knows", () => {
    const request = { uid: "u", desiredAPIVersion: `${group}/v1beta1`, objects: [] };
    const kind = "ConversionReview";
    for (const review of [
      null,
      [],
      { kind: "Status" },
      { kind, apiVersion: "apiextensions.k8s.io/v1beta1", request },
      { kind, apiVersion: "apiextensions.k8s.io/v1", request: {} },
    ]) {
      equal(reviewConversion(review).kind, "malformed");
    }
  });
});
