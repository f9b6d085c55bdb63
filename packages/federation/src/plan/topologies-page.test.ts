import { deepEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type KubernetesObject, parseYamlDocuments } from "@cellplane/apimachinery";
import { checkFederatedObject } from "../admission/check-federated-object.ts";
import type { FederatedContext } from "../admission/federated-context.ts";
import { prepareFederatedObject } from "../admission/prepare-federated-object.ts";
import type { Cell } from "../api/cell.ts";
import type { FederatedObject } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import type { TopologyType } from "../api/topology-type.ts";
import { toClusterView, toTopologyView } from "../conversion/convert-federated-object.ts";
import { planSync } from "./plan-sync.ts";
import type { MemberView, SyncView } from "./sync-view.ts";
import { clusterNamed, configMapType, dataOf, derivedCluster, viewOf } from "./sync-view.suite.ts";

const page = readFileSync(
  join(dirname(fileURLToPath(import.meta.url)), "../../../../docs/topologies.md"),
  "utf8",
);

/** The objects and the table of an example. */
function readExample(name: string): {
  readonly objects: readonly KubernetesObject[];
  readonly rows: readonly (readonly string[])[];
} {
  const [, rest = ""] = page.split(`<!-- example: ${name} -->`);
  const [, yaml = "", after = ""] =
    /^\s*```yaml\n([\s\S]*?)```\n([\s\S]*?)(?:\n##|$)/.exec(rest) ?? [];
  const rows = Array.from(after.matchAll(/^\| (.+) \|$/gm), ([, row = ""]) => row.split(" | "));
  ok(yaml !== "" && rows.length > 1, `no example "${name}"`);
  return {
    objects: parseYamlDocuments(yaml) as unknown as readonly KubernetesObject[],
    rows: rows.slice(1),
  };
}

function kindOf<T extends KubernetesObject>(
  objects: readonly KubernetesObject[],
  kind: string,
): readonly T[] {
  return objects.filter((object) => object.kind === kind) as unknown as readonly T[];
}

/** What admission stores of an object, in the cluster view. */
function admit(object: KubernetesObject, types: readonly TopologyType[]): FederatedObject {
  const context: FederatedContext = {
    actor: "user",
    typeConfig: configMapType,
    tenant: { tenant: "", workspaceGroup: "" },
    isolation: "byTenant",
    topologyTypes: new Map(types.map(({ metadata, spec }) => [metadata.name ?? "", spec])),
    keptRevisions: new Set(),
    unknownTemplateFields: [],
  };
  const prepared = prepareFederatedObject({ object, old: undefined }, context);
  deepEqual(checkFederatedObject({ object: prepared, old: undefined }, context).errors, []);
  const stored = toClusterView(prepared);
  deepEqual(toTopologyView(stored), prepared);
  return { ...stored, metadata: { ...stored.metadata, uid: "u1", generation: 1 } };
}

function membersOf(objects: readonly KubernetesObject[]): readonly MemberView[] {
  const joined = kindOf<KubeFedCluster>(objects, "KubeFedCluster").map(({ metadata }) => ({
    cluster: clusterNamed(metadata.name ?? "", metadata.labels),
    observation: { kind: "absent" as const },
  }));
  const derived = kindOf<Cell>(objects, "Cell").map((cell) => ({
    cluster: derivedCluster(cell, cell.metadata.labels),
    cell,
    observation: { kind: "absent" as const },
  }));
  return [...joined, ...derived];
}

/** By cluster: its topology, and what is done or reported there. */
function plan(view: SyncView): ReadonlyMap<string, readonly [string, string, unknown]> {
  return new Map(
    planSync(view).decisions.map((each) => {
      const { operation } = each;
      const words = operation.kind === "none" ? each.status : operation.kind;
      const level = operation.kind === "create" ? dataOf(operation.object)["level"] : undefined;
      return [each.member, [each.topology, words, level]];
    }),
  );
}

describe("docs/topologies.md", () => {
  for (const name of ["zone", "unit"]) {
    it(`tells what becomes of its example of a ${name}`, () => {
      const { objects, rows } = readExample(name);
      const types = kindOf<TopologyType>(objects, "TopologyType");
      const [object] = kindOf(objects, "FederatedConfigMap");
      ok(object);
      const { placementMask: _, ...unmasked } = object["spec"] as Readonly<Record<string, never>>;
      const planOf = (each: KubernetesObject): ReturnType<typeof plan> =>
        plan({
          ...viewOf(admit(each, types), membersOf(objects)),
          over: types[0]?.spec.over,
        });
      const masked = planOf(object);
      const free = planOf({ ...object, spec: unmasked });
      const told = Array.from(free, ([cluster, [topology, without, level]]) => [
        cluster,
        topology,
        masked.get(cluster)?.[1],
        without,
        level,
      ]);
      deepEqual(told.toSorted(), rows.toSorted());
    });
  }
});
