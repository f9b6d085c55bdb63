import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FieldError, KubernetesObject } from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { annotations, finalizers, kubefed, labels } from "../api/names.ts";
import { noTenant } from "../placement/tenant-scope.ts";
import { type CellContext, checkCell, prepareCell } from "./check-cell.ts";
import { checkMemberDeletion, checkNamespaceDeletion, checkProtected } from "./check-deletion.ts";
import { checkNamespace } from "./check-namespace.ts";

const fields = (errors: readonly FieldError[]) => errors.map(({ field }) => field);

describe("deletions", () => {
  const object: KubernetesObject = { metadata: { name: "x" } };
  const withLabel = { metadata: { name: "x", labels: { [labels.protected]: "true" } } };

  it("are refused where something is protected, or stands there", () => {
    equal(checkProtected(object).length, 0);
    equal(checkProtected(withLabel).length, 1);
    equal(checkMemberDeletion(object, { standing: [] }).length, 0);
    equal(checkMemberDeletion(object, { standing: ["FederatedX a/b"] })[0]?.field, "metadata.name");
    const empty = { standing: [], protectedObjects: [] };
    equal(checkNamespaceDeletion(object, empty).length, 0);
    const consent = { metadata: { annotations: { [annotations.deleteContents]: "true" } } };
    const full = { standing: ["FederatedX a/b"], protectedObjects: [] };
    equal(checkNamespaceDeletion(object, full).length, 1);
    equal(checkNamespaceDeletion(consent, full).length, 0);
    equal(
      checkNamespaceDeletion(consent, { ...full, protectedObjects: ["FederatedX a/b"] }).length,
      1,
    );
  });
});

describe("checkNamespace()", () => {
  const namespace = (tenant?: string, group?: string): KubernetesObject => ({
    metadata: {
      name: "bank",
      labels: {
        ...(tenant ? { [labels.tenant]: tenant } : {}),
        ...(group ? { [labels.workspaceGroup]: group } : {}),
      },
    },
  });
  const base = { actor: "platformAdmin", samePair: undefined, contents: [] } as const;
  const check = (object: KubernetesObject, old: KubernetesObject | undefined, change = {}) =>
    checkNamespace({ object, old }, { ...base, ...change });

  it("wants both labels or none, one namespace for each pair, and no dots", () => {
    equal(check(namespace(), undefined).length, 0);
    equal(check(namespace("t", "g"), undefined).length, 0);
    equal(check(namespace("t"), undefined).length, 1);
    equal(check(namespace("t", "g"), undefined, { samePair: "other" }).length, 1);
  });

  it("freezes them for users, and once something is in the namespace", () => {
    equal(check(namespace("t", "g"), namespace(), { actor: "user" }).length, 1);
    equal(
      check(namespace("t", "g"), namespace("t", "g"), { actor: "user", contents: ["x"] }).length,
      0,
    );
    equal(check(namespace("t", "g"), namespace(), { contents: ["cell rz00a"] }).length, 1);
    equal(check(namespace(), namespace("t", "g"), { contents: ["cell rz00a"] }).length, 1);
  });
});

describe("checkCell()", () => {
  const cluster = (set: Readonly<Record<string, string>> = {}): KubeFedCluster => ({
    metadata: { name: "hz-a", labels: set },
    spec: { apiEndpoint: "x", secretRef: { name: "s" } },
  });
  const tenant = { tenant: "t", workspaceGroup: "g" };
  const owned = { [labels.tenant]: "t", [labels.workspaceGroup]: "g" };
  const cell = (spec: Partial<Cell["spec"]> = {}, metadata: Cell["metadata"] = {}): Cell => ({
    metadata: { name: "rz00a", namespace: "bank", labels: owned, ...metadata },
    spec: { clusterRef: { name: "hz-a" }, ...spec },
  });
  const base: CellContext = {
    actor: "user",
    tenant,
    isolation: "byTenant",
    cluster: cluster(),
    neighbours: [],
    systemNamespace: kubefed.systemNamespace,
    standing: [],
  };
  const check = (object: Cell, change: Partial<CellContext> = {}, old?: Cell) =>
    checkCell({ object, old }, { ...base, ...change });

  it("is refused in the scope Namespaced; one that there is may still be changed", () => {
    deepEqual(fields(check(cell(), { scope: "Namespaced" })), ["spec"]);
    deepEqual(check(cell(), { scope: "Namespaced" }, cell()), []);
  });

  it("is filled in", () => {
    const prepared = prepareCell(
      { metadata: { name: "a" }, spec: { clusterRef: { name: "x" } } },
      base,
    );
    deepEqual(prepared.metadata.finalizers, [finalizers.cell]);
    deepEqual(prepared.metadata.labels, owned);
    equal(prepared.spec.namespaceTemplate, "{namespace}-{cell}");
  });

  it("lives on a shared cluster or the tenant's own, and no other is told apart from none", () => {
    deepEqual(check(cell()), []);
    deepEqual(check(cell(), { cluster: cluster(owned) }), []);
    const foreign = check(cell(), { cluster: cluster({ ...owned, [labels.workspaceGroup]: "h" }) });
    deepEqual(fields(foreign), ["spec.clusterRef.name"]);
    deepEqual(check(cell(), { cluster: undefined }), foreign);
    const derived = {
      ...cluster({ [labels.cell]: "x" }),
      metadata: { name: "bank.x", labels: { [labels.cell]: "x" } },
    };
    deepEqual(check(cell(), { cluster: derived }), foreign);
  });

  it("is refused a namespace that is reserved, too long, taken, or no name", () => {
    for (const namespaceTemplate of [
      "default",
      "kube-x",
      kubefed.systemNamespace,
      "A{cell}",
      "{other}",
      `${"x".repeat(60)}{cell}`,
    ]) {
      deepEqual(
        fields(check(cell({ namespaceTemplate }))),
        ["spec.namespaceTemplate"],
        namespaceTemplate,
      );
    }
    const neighbour = cell({ namespaceTemplate: "{namespace}" }, { name: "rz01a" });
    const neighbours = [{ cell: neighbour, tenant }];
    const [own] = check(cell({ namespaceTemplate: "{namespace}" }), { neighbours });
    ok(own?.message.includes('cell "bank/rz01a"'));
    const others = [{ cell: neighbour, tenant: noTenant }];
    const [foreign] = check(cell({ namespaceTemplate: "{namespace}" }), { neighbours: others });
    ok(foreign && !foreign.message.includes("rz01a"));
    deepEqual(check(cell(), { neighbours }), []);
  });

  it("may not move while something stands in it", () => {
    const standing = ["FederatedDeployment bank/web"];
    const moved = cell({
      clusterRef: { name: "hz-b" },
      nameTemplate: "{name}-x",
      namespaceTemplate: "x-{cell}",
    });
    deepEqual(fields(check(moved, { standing }, cell())), [
      "spec.clusterRef.name",
      "spec.namespaceTemplate",
      "spec.nameTemplate",
    ]);
    deepEqual(check(moved, {}, cell()), []);
    deepEqual(check(cell({ namespaceTemplate: "{namespace}-{cell}" }), { standing }, cell()), []);
  });

  it("is not its own backup, keeps its tenant, and is named by a label", () => {
    deepEqual(fields(check(cell({ backupOf: "rz00a" }))), ["spec.backupOf"]);
    deepEqual(fields(check(cell({}, { labels: {} }))), [`metadata.labels[${labels.tenant}]`]);
    deepEqual(fields(check(cell({}, { name: "a.b" }))), ["metadata.name"]);
    deepEqual(fields(check(cell({ nameTemplate: "x" }))), ["spec.nameTemplate"]);
  });
});
