import { deepEqual, equal, ok } from "node:assert/strict";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { coreCrds, defaultTypeConfigs, defaultTypeCrds, defaultTypes } from "./default-types.ts";
import { federatedTypeCrd, webhookConversion } from "./federated-type-crd.ts";
import { relaxSchema } from "./relax-schema.ts";

const golden = join(dirname(fileURLToPath(import.meta.url)), "../../../../deploy/crds");
const rewrite = process.env["UPDATE_GOLDEN"] === "1";

function fileOf({ metadata }: KubernetesObject): string {
  return `${metadata.name}.json`;
}

describe("the CRDs in deploy/crds", () => {
  const all = [...coreCrds(), ...defaultTypeCrds()];

  it("are those that the code has (UPDATE_GOLDEN=1 writes them)", () => {
    if (rewrite) mkdirSync(golden, { recursive: true });
    for (const crd of all) {
      const text = `${JSON.stringify(crd, undefined, 2)}\n`;
      const path = join(golden, fileOf(crd));
      if (rewrite) writeFileSync(path, text);
      equal(readFileSync(path, "utf8"), text, path);
    }
  });

  it("are no others", () => {
    deepEqual(globSync("*.json", { cwd: golden }).sort(), all.map(fileOf).sort());
  });
});

describe("federatedTypeCrd()", () => {
  const target = {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    pluralName: "deployments",
    scope: "Namespaced",
  } as const;

  it("serves both views and stores the cluster view", () => {
    const { spec } = federatedTypeCrd({ target, shortNames: ["deploy"] });
    const { names, versions } = spec as unknown as {
      readonly names: { readonly plural: string; readonly shortNames: readonly string[] };
      readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
    };
    equal(names.plural, "federateddeployments");
    deepEqual(names.shortNames, ["fdeploy"]);
    deepEqual(
      versions.map(({ name, storage }) => [name, storage]),
      [
        ["v1beta2", false],
        ["v1beta1", true],
      ],
    );
  });

  it("takes a webhook for servers that are not ours", () => {
    const conversion = webhookConversion({ url: "https://here/convert" });
    const { spec } = federatedTypeCrd({ target, conversion });
    equal((spec as JsonObject)["conversion"], conversion);
  });
});

describe("relaxSchema()", () => {
  it("fills in, requires and loses nothing, at any depth", () => {
    const relaxed = relaxSchema({
      type: "object",
      required: ["a"],
      properties: {
        a: {
          type: "array",
          "x-kubernetes-list-type": "map",
          items: { type: "object", required: ["b"] },
        },
        b: { type: "integer", default: 1, minimum: 0 },
        c: { type: "object", additionalProperties: { type: "string", default: "x" } },
        required: { type: "string" },
      },
    });
    deepEqual(relaxed, {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: {
        a: {
          type: "array",
          items: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
        b: { type: "integer" },
        c: { type: "object", additionalProperties: { type: "string" } },
        required: { type: "string" },
      },
    });
  });
});

describe("defaultTypeConfigs()", () => {
  it("has KubeFed's special configuration for namespaces", () => {
    const config = defaultTypeConfigs().find(({ metadata }) => metadata.name === "namespaces");
    equal(config?.spec.targetType.scope, "Cluster");
    equal(config?.spec.federatedType.scope, "Namespaced");
  });

  it("names every type as KubeFed does", () => {
    const names = defaultTypeConfigs().map(({ metadata }) => metadata.name ?? "");
    equal(names.length, defaultTypes.length);
    ok(names.includes("deployments.apps") && names.includes("configmaps"));
  });
});
