import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import type { RestClient } from "@cellplane/client";
import {
  annotations,
  createTypeConfig,
  type FederatedObject,
  type FederatedTypeConfig,
  type Observation,
} from "@cellplane/federation";
import { type ControlPlaneState, stateKey } from "./control-plane-state.ts";
import type { HostObject, KubefedHost } from "./kubefed-host.ts";
import { copyOf, type MigrationItem, type MigrationView, planMigration } from "./plan-migration.ts";

// Nothing is read or written by a plan.
const client = { server: "https://nowhere" } as RestClient;
const target = {
  version: "v1",
  kind: "ConfigMap",
  pluralName: "configmaps",
  scope: "Namespaced",
} as const;
const namespaceTarget = {
  ...target,
  kind: "Namespace",
  pluralName: "namespaces",
  scope: "Cluster",
} as const;
const config = createTypeConfig(target);
const namespaceConfig = createTypeConfig(namespaceTarget);
const placement = { clusters: [{ name: "hz-a" }] };

function federated(
  kind: string,
  name: string,
  more: Partial<FederatedObject> = {},
): FederatedObject {
  return {
    apiVersion: "types.kubefed.io/v1beta1",
    kind,
    metadata: { name, namespace: "shop", uid: `uid-${name}`, generation: 1, ...more.metadata },
    spec: { template: { data: { name } }, placement, ...more.spec },
  };
}

const home: HostObject = {
  config: namespaceConfig,
  object: { ...federated("FederatedNamespace", "shop"), spec: { template: {}, placement } },
  ledger: undefined,
};

interface Situation {
  readonly object?: FederatedObject;
  readonly config?: FederatedTypeConfig;
  readonly copy?: FederatedObject;
  readonly tenant?: boolean;
  readonly observed?: Observation;
}

const inMember: Observation = {
  kind: "present",
  object: {
    metadata: { name: "web", namespace: "shop", labels: { "kubefed.io/managed": "true" } },
    data: { name: "web" },
  },
};

function viewOf(situation: Situation): MigrationView {
  const { object = federated("FederatedConfigMap", "web"), copy, observed = inMember } = situation;
  const host: KubefedHost = {
    client,
    id: "host",
    systemNamespace: "kube-federation-system",
    settings: undefined,
    types: [config, namespaceConfig],
    shortNames: new Map(),
    clusters: [],
    objects: [home, { config: situation.config ?? config, object, ledger: undefined }],
    namespaces: new Map(),
    preferences: 0,
  };
  const labels = situation.tenant ? { "cellplane.io/tenant": "bank" } : {};
  const here: ControlPlaneState = {
    client,
    id: "here",
    settings: { metadata: {}, spec: { scope: "Cluster" } },
    types: new Map([config, namespaceConfig].map((each) => [each.metadata.name ?? "", each])),
    clusters: new Map(),
    secrets: new Map(),
    namespaces: new Map([["shop", { metadata: { name: "shop", labels } }]]),
    objects: new Map(copy ? [[stateKey("configmaps", copy), copy]] : []),
  };
  const cluster = {
    metadata: { name: "hz-a" },
    spec: { apiEndpoint: "https://member", secretRef: { name: "s" } },
  };
  const members = new Map([
    [
      "hz-a",
      {
        cluster,
        served: new Map([["configmaps", ["v1"]]]),
        observe: (): Observation => observed,
      },
    ],
  ]);
  return { host, here, members };
}

function judged(situation: Situation): MigrationItem {
  const item = planMigration(viewOf(situation)).find(({ source }) => source !== home);
  if (!item) throw new Error("cannot happen: the object is planned for");
  return item;
}

function reason({ verdict }: MigrationItem): string {
  return verdict.kind === "left" ? verdict.reason : verdict.kind;
}

function marked(mark: string, spec: FederatedObject["spec"] = {}): FederatedObject {
  const metadata = {
    name: "web",
    namespace: "shop",
    annotations: { [annotations.migration]: mark },
  };
  return federated("FederatedConfigMap", "web", { metadata, ...(spec ? { spec } : {}) });
}

describe("planMigration()", () => {
  it("finds in step what a member has as KubeFed wrote it", () => {
    deepEqual(judged({}).verdict, { kind: "inStep", members: ["hz-a"] });
  });

  it("finds a difference where the copy is missing, other, or not known", () => {
    for (const observed of [
      { kind: "absent" },
      { kind: "unsynced", message: "refused" },
      { kind: "present", object: { ...inMember.object, data: { name: "other" } } },
    ] as const) {
      equal(judged({ observed }).verdict.kind, "differs", observed.kind);
    }
  });

  it("leaves what KubeFed is deleting, what a tenant has, and what is here already", () => {
    const metadata = { name: "web", namespace: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" };
    const leaving = federated("FederatedConfigMap", "web", { metadata });
    match(reason(judged({ object: leaving })), /being deleted in KubeFed/);
    match(reason(judged({ tenant: true })), /namespace "shop" is a tenant's here/);
    const copy = federated("FederatedConfigMap", "web");
    match(reason(judged({ copy })), /is here already, and is not from KubeFed/);
    const other = createTypeConfig(target, { federatedGroup: "other.example.com" });
    match(reason(judged({ config: other })), /federated here as federatedconfigmaps\.types/);
  });

  it("goes on with its own copies, and with no one else's mask", () => {
    const held = { placementMask: { clusters: [] } };
    equal(judged({ copy: marked("held/host", held) }).verdict.kind, "inStep");
    equal(judged({ copy: marked("released/host") }).verdict.kind, "done");
    match(reason(judged({ copy: marked("held/host") })), /has changed its mask/);
    match(reason(judged({ copy: marked("held/another", held) })), /not from KubeFed/);
  });
});

describe("copyOf()", () => {
  it("holds the copy from its first moment, and takes KubeFed's annotations along", () => {
    const notes = {
      "kubefed.io/orphan": "true",
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
    };
    const metadata = {
      name: "web",
      namespace: "shop",
      uid: "u",
      resourceVersion: "7",
      annotations: notes,
    };
    const item = judged({ object: federated("FederatedConfigMap", "web", { metadata }) });
    deepEqual(copyOf(item, viewOf({}).host), {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: "FederatedConfigMap",
      metadata: {
        name: "web",
        namespace: "shop",
        annotations: { "kubefed.io/orphan": "true", [annotations.migration]: "copied/host" },
        finalizers: ["kubefed.io/sync-controller"],
      },
      spec: { template: { data: { name: "web" } }, placement, placementMask: { clusters: [] } },
    });
  });
});
