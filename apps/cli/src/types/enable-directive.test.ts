import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEnableDirective } from "./enable-directive.ts";

const head = "apiVersion: core.kubefed.io/v1beta1\nkind: EnableTypeDirective\n";

describe("parseEnableDirective()", () => {
  it("reads the target, its version and the federated group", () => {
    const spec = "spec:\n  targetVersion: v1\n  federatedGroup: a.example.com\n";
    deepEqual(parseEnableDirective(`${head}metadata: {name: widgets.example.com}\n${spec}`), {
      type: "widgets.example.com",
      version: "v1",
      federatedGroup: "a.example.com",
    });
  });

  it("needs no spec, and takes empty fields for absent ones", () => {
    const named = `${head}metadata: {name: configmaps}\n`;
    deepEqual(parseEnableDirective(named), { type: "configmaps" });
    deepEqual(parseEnableDirective(`${named}spec: {targetVersion: ""}`), { type: "configmaps" });
  });

  it("refuses another kind, no name, another federated version, and what is no YAML", () => {
    throws(
      () => parseEnableDirective("apiVersion: v1\nkind: ConfigMap\n"),
      /it is ConfigMap of v1/,
    );
    throws(() => parseEnableDirective(head), /metadata\.name of the directive/);
    const other = `${head}metadata: {name: x}\nspec: {federatedVersion: v1alpha1}`;
    throws(() => parseEnableDirective(other), /must be "v1beta1": it is "v1alpha1"/);
    throws(() => parseEnableDirective("a: [1"), /no YAML/);
  });
});
