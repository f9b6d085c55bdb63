import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { renderBootstrapPolicy } from "./bootstrap-policy.ts";

const shared =
  process.env["CELLPLANE_SHARED"] ?? join(import.meta.dirname, "../../../../../shared");
const facts = JSON.parse(readFileSync(join(shared, "reference/data/bootstrap.json"), "utf8")) as {
  readonly objects: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
};

describe("renderBootstrapPolicy()", () => {
  for (const [resource, objects] of Object.entries(renderBootstrapPolicy())) {
    it(`has the ${resource} that kube-apiserver 1.36 has`, () => {
      const ours = Object.fromEntries(
        (objects as readonly KubernetesObject[]).map((object) => [
          nameOf(object),
          contentOf(object),
        ]),
      );
      deepEqual(ours, facts.objects[`rbac.authorization.k8s.io/v1/${resource}`]);
    });
  }
});

function nameOf({ metadata }: KubernetesObject): string {
  const { namespace, name = "" } = metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function contentOf({ apiVersion: _v, kind: _k, metadata, ...content }: KubernetesObject): object {
  const { labels, annotations } = metadata;
  return { labels, annotations, ...content };
}
