import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { readManifest } from "./federate-file.ts";

describe("readManifest()", () => {
  it("takes documents and Lists apart, and guesses plurals as KubeFed does", () => {
    const text = [
      "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: b}",
      "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: c}}",
      "",
    ].join("\n---\n");
    const read = readManifest(text, "home").map(({ target, object }) => [
      target.pluralName,
      target.group,
      object.metadata.namespace,
    ]);
    deepEqual(read, [
      ["ingresses", "networking.k8s.io", "b"],
      ["secrets", undefined, "home"],
    ]);
  });

  it("puts what lies in no namespace into none", () => {
    const [namespace] = readManifest("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}", "x");
    deepEqual(namespace?.target.scope, "Cluster");
    deepEqual(namespace?.object.metadata, { name: "a" });
  });

  it("refuses what is no object and what is no YAML", () => {
    throws(
      () => readManifest("kind: Secret", "x"),
      /must have apiVersion, kind and metadata\.name/,
    );
    throws(() => readManifest("a: [", "x"), /the manifest is no YAML/);
  });
});
