import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import type { FederatedObject, FederatedSpec } from "../api/federated-object.ts";
import type { FederatedTypeConfigSpec } from "../api/federated-type-config.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { kubefed, labels } from "../api/names.ts";
import { emptyLedger, type Ledger } from "./ledger.ts";
import { planSync } from "./plan-sync.ts";
import type { Revision } from "./revision.ts";
import { changeLedger, createSettler } from "./settle-decision.ts";
import type { SyncPlan, TopologyDecision } from "./sync-plan.ts";
import type { MemberView, Observation, SyncSettings, SyncView } from "./sync-view.ts";

// Builders of views for the tests of the plan.

export const settings: SyncSettings = {
  controlPlaneId: "cp1",
  adoption: "adopt",
  isolation: "byTenant",
  masks: "on",
  annotationPolicy: "on",
  revisionHistoryLimit: 10,
};

export const configMapType: FederatedTypeConfigSpec = {
  targetType: { version: "v1", kind: "ConfigMap", pluralName: "configmaps", scope: "Namespaced" },
  federatedType: {
    group: "types.kubefed.io",
    version: "v1beta1",
    kind: "FederatedConfigMap",
    pluralName: "federatedconfigmaps",
    scope: "Namespaced",
  },
  propagation: "Enabled",
};

export function clusterNamed(
  name: string,
  set: Readonly<Record<string, string>> = {},
): KubeFedCluster {
  return {
    metadata: { name, namespace: kubefed.systemNamespace, labels: set },
    spec: { apiEndpoint: "https://member", secretRef: { name: "s" } },
    status: { conditions: [{ type: "Ready", status: "True", lastProbeTime: "" }] },
  };
}

export function cellNamed(name: string, namespace: string, spec: Partial<Cell["spec"]> = {}): Cell {
  return { metadata: { name, namespace }, spec: { clusterRef: { name: "hz-a" }, ...spec } };
}

export function derivedCluster(
  cell: Cell,
  set: Readonly<Record<string, string>> = {},
): KubeFedCluster {
  const { name = "", namespace = "" } = cell.metadata;
  return clusterNamed(`${namespace}.${name}`, {
    [labels.cell]: name,
    [labels.cluster]: cell.spec.clusterRef.name,
    ...set,
  });
}

export function federatedConfigMap(
  spec: FederatedSpec,
  metadata: KubernetesObject["metadata"] = {},
): FederatedObject {
  return {
    apiVersion: "types.kubefed.io/v1beta1",
    kind: "FederatedConfigMap",
    metadata: {
      name: "web",
      namespace: "bank",
      uid: "u1",
      generation: 1,
      finalizers: [kubefed.syncFinalizer],
      ...metadata,
    },
    spec,
  };
}

export function viewOf(object: FederatedObject, members: readonly MemberView[]): SyncView {
  return {
    object,
    typeConfig: configMapType,
    settings,
    tenant: { tenant: "", workspaceGroup: "" },
    over: "Clusters",
    namespaceLimit: { kind: "none" },
    members: new Map(members.map((member) => [member.cluster.metadata.name ?? "", member])),
    ledger: emptyLedger,
    revisions: [],
  };
}

export function memberNamed(
  name: string,
  observation: Observation = { kind: "absent" },
): MemberView {
  return { cluster: clusterNamed(name), observation };
}

/** Members that keep what they are told, as real ones would, with the ledger and the revisions. */
export class World {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #names: readonly string[];
  readonly writes: string[] = [];
  ledger: Ledger = emptyLedger;
  revisions: readonly Revision[] = [];
  #resourceVersion = 0;
  /** Why members cannot be read, by name. */
  readonly troubles: Map<string, Observation> = new Map();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  objectIn(member: string): KubernetesObject | undefined {
    return this.#objects.get(member);
  }

  put(member: string, object: KubernetesObject): void {
    this.#resourceVersion += 1;
    const metadata = { ...object.metadata, resourceVersion: `${this.#resourceVersion}`, uid: "m" };
    this.#objects.set(member, { ...object, metadata });
  }

  remove(member: string): void {
    this.#objects.delete(member);
  }

  view(object: FederatedObject, change: Partial<SyncView> = {}): SyncView {
    const members = this.#names.map((name) => memberNamed(name, this.#observe(name)));
    const { ledger, revisions } = this;
    return { ...viewOf(object, members), ledger, revisions, ...change };
  }

  /** Plans, writes what is planned and keeps the ledger, as the controller does. */
  reconcile(object: FederatedObject, change: Partial<SyncView> = {}): SyncPlan {
    const view = this.view(object, change);
    const plan = planSync(view);
    if (plan.newRevision) this.revisions = [...this.revisions, plan.newRevision];
    const settle = createSettler(view, "2026-01-01T00:00:00Z");
    const settled = plan.decisions.map((decision) => {
      const { ledger } = settle(decision, this.#write(decision));
      return { member: decision.member, change: ledger };
    });
    this.ledger = changeLedger(this.ledger, settled, view);
    return plan;
  }

  #observe(name: string): Observation {
    const object = this.#objects.get(name);
    const seen: Observation = object ? { kind: "present", object } : { kind: "absent" };
    return this.troubles.get(name) ?? seen;
  }

  #write({ member, operation }: TopologyDecision): Parameters<ReturnType<typeof createSettler>>[1] {
    if (operation.kind === "none") return { kind: "none" };
    this.writes.push(`${operation.kind} ${member}`);
    if (operation.kind === "delete") {
      this.remove(member);
      return { kind: "removing" };
    }
    if (operation.kind === "create" || operation.kind === "update") {
      this.put(member, operation.object);
      return { kind: "written", object: this.#objects.get(member) ?? operation.object };
    }
    return { kind: "removed" };
  }
}

export function statusesOf(plan: SyncPlan): Readonly<Record<string, string>> {
  const shown = plan.decisions.filter(({ reported }) => reported);
  return Object.fromEntries(shown.map(({ member, status }) => [member, status]));
}

export function decisionIn(plan: SyncPlan, member: string): TopologyDecision {
  const decision = plan.decisions.find((each) => each.member === member);
  if (!decision) throw new Error(`Cannot find a decision as one for ${member} must be there`);
  return decision;
}

export function dataOf(object: KubernetesObject | undefined): JsonObject {
  return (object?.["data"] ?? {}) as JsonObject;
}

export function names(...list: readonly string[]): readonly { readonly name: string }[] {
  return list.map((name) => ({ name }));
}
