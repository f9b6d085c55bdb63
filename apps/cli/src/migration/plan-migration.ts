import { formatGroupResource, type KubernetesObject } from "@cellplane/apimachinery";
import {
  annotations,
  clusterViewVersion,
  type FederatedObject,
  type FederatedTypeConfig,
  groups,
  judgeTakeover,
  kubefed,
  labels,
  type MemberView,
  type NamespaceLimit,
  noTenant,
  readFeatureGates,
  readLedger,
  type SyncSettings,
  type SyncView,
  type Takeover,
} from "@cellplane/federation";
import { type ControlPlaneState, stateKey } from "./control-plane-state.ts";
import { type HostObject, type KubefedHost, ledgerKey } from "./kubefed-host.ts";
import type { MemberReading } from "./member-reading.ts";

/** What is to become of one federated object of the host. */
export type Verdict =
  | Takeover
  /** Copied, and released, by an earlier run. */
  | { readonly kind: "done" }
  /** Not copied, and why. */
  | { readonly kind: "left"; readonly reason: string };

/** One federated object of the host, and what is to become of it. */
export interface MigrationItem {
  readonly source: HostObject;
  /** The type as the control plane has, or will have it. */
  readonly config: FederatedTypeConfig;
  /** The copy, where there is one already. */
  readonly copy: FederatedObject | undefined;
  readonly verdict: Verdict;
}

/** How far a copy is. */
export type MigrationState = "copied" | "held" | "released";

/** What a migration is planned from. */
export interface MigrationView {
  readonly host: KubefedHost;
  readonly here: ControlPlaneState;
  /** By the cluster's name: the host's and those joined here. */
  readonly members: ReadonlyMap<string, MemberReading>;
}

/** The annotation of a copy: how far it is, and where it is from. */
export function migrationMark(state: MigrationState, { id }: KubefedHost): string {
  return `${state}/${id}`;
}

/** Says what is to become of every federated object of the host. */
export function planMigration(view: MigrationView): readonly MigrationItem[] {
  return view.host.objects.map((source) => {
    const type = source.config.metadata.name ?? "";
    const config = view.here.types.get(type) ?? importedType(source.config);
    const copy = view.here.objects.get(stateKey(type, source.object));
    return { source, config, copy, verdict: judge({ source, config, copy }, view) };
  });
}

/**
 * KubeFed's FederatedTypeConfig as it is made here: in the version that every federated kind has, and
 * without the legacy `statusType`, whose place collected statuses take.
 */
export function importedType(config: FederatedTypeConfig): FederatedTypeConfig {
  const { statusType: _, ...spec } = config.spec;
  const { group = groups.types } = spec.federatedType;
  return {
    apiVersion: `${groups.core}/v1beta1`,
    kind: "FederatedTypeConfig",
    metadata: { name: config.metadata.name ?? "", namespace: kubefed.systemNamespace },
    spec: { ...spec, federatedType: { ...spec.federatedType, group, version: clusterViewVersion } },
  };
}

/** The federated object as it is copied: held everywhere by an empty mask. */
export function copyOf({ source, config }: MigrationItem, host: KubefedHost): FederatedObject {
  const { metadata, spec = {} } = source.object;
  const { name = "", namespace, labels: set, annotations: notes = {} } = metadata;
  const { group = "", kind } = config.spec.federatedType;
  const kept = Object.entries(notes).filter(([key]) => key !== lastApplied);
  const mark = migrationMark("copied", host);
  return {
    apiVersion: `${group}/${clusterViewVersion}`,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(set === undefined ? {} : { labels: set }),
      annotations: { ...Object.fromEntries(kept), [annotations.migration]: mark },
      finalizers: [kubefed.syncFinalizer],
    },
    spec: { ...spec, placementMask: { clusters: [] } },
  };
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

type Judged = Omit<MigrationItem, "verdict">;

function judge(item: Judged, view: MigrationView): Verdict {
  const reason = reasonToLeave(item, view);
  if (reason !== undefined) return { kind: "left", reason };
  const mark = item.copy?.metadata.annotations?.[annotations.migration];
  if (mark === migrationMark("released", view.host)) return { kind: "done" };
  return judgeTakeover(viewOf(item, view));
}

function reasonToLeave({ source, config, copy }: Judged, view: MigrationView): string | undefined {
  const { host, here } = view;
  if (source.object.metadata.deletionTimestamp !== undefined) {
    return "it is being deleted in KubeFed, which has to finish that";
  }
  if (federatedName(config) !== federatedName(source.config)) {
    return `the type is federated here as ${federatedName(config)}`;
  }
  const { namespace = "" } = source.object.metadata;
  if (here.namespaces.get(namespace)?.metadata.labels?.[labels.tenant] !== undefined) {
    return `namespace "${namespace}" is a tenant's here, and KubeFed's clusters are not its`;
  }
  if (copy === undefined || here.id === host.id) return undefined;
  const mark = copy.metadata.annotations?.[annotations.migration] ?? "";
  if (mark.endsWith(`/${host.id}`)) return maskReason(copy, mark, host);
  return "an object of that name is here already, and is not from KubeFed";
}

function maskReason(copy: FederatedObject, mark: string, host: KubefedHost): string | undefined {
  if (mark === migrationMark("released", host)) return undefined;
  const mask = copy.spec?.placementMask;
  const isOurs = mask?.clusters?.length === 0 && mask.clusterSelector === undefined;
  return isOurs ? undefined : "somebody has changed its mask since it was copied";
}

/** The view of the control plane's own sync, before or after the copy is made. */
function viewOf({ source, config, copy }: Judged, view: MigrationView): SyncView {
  const { host, here } = view;
  const object = copy ?? { ...source.object, apiVersion: apiVersionOf(config) };
  const type = config.metadata.name ?? "";
  const { name = "", namespace = "" } = object.metadata;
  const isBare =
    type === kubefed.namespacesTypeConfig || config.spec.targetType.scope === "Cluster";
  const key = isBare ? name : `${namespace}/${name}`;
  const isHost = type === kubefed.namespacesTypeConfig && here.id === host.id;
  const hostNamespaceUid = isHost ? host.namespaces.get(name)?.metadata.uid : undefined;
  return {
    object,
    typeConfig: config.spec,
    settings: settingsOf(view),
    tenant: noTenant,
    over: "Clusters",
    namespaceLimit: isBare ? { kind: "none" } : namespaceLimitOf(namespace, view),
    members: new Map(
      Array.from(view.members, ([member, reading]) => [member, memberView(reading, type, key)]),
    ),
    ledger: readLedger(source.ledger?.status),
    revisions: [],
    ...(hostNamespaceUid === undefined ? {} : { hostNamespaceUid }),
  };
}

function memberView(reading: MemberReading, type: string, key: string): MemberView {
  const servedVersions = reading.served?.get(type);
  return {
    cluster: reading.cluster,
    observation: reading.observe(type, key),
    ...(servedVersions === undefined ? {} : { servedVersions }),
  };
}

function settingsOf({ here }: MigrationView): SyncSettings {
  const { spec } = here.settings;
  const gates = readFeatureGates(spec);
  return {
    controlPlaneId: here.id,
    adoption: spec.syncController?.adoptResources === "Disabled" ? "refuse" : "adopt",
    isolation: gates.TenantIsolation ? "byTenant" : "off",
    masks: "on",
    annotationPolicy: gates.PropagatingAnnotations ? "on" : "off",
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
  };
}

function namespaceLimitOf(namespace: string, { host, here }: MigrationView): NamespaceLimit {
  const type = kubefed.namespacesTypeConfig;
  const key = { metadata: { name: namespace, namespace } };
  const copy = here.objects.get(stateKey(type, key));
  const own = host.objects.find(
    ({ config, object }) =>
      config.metadata.name === type &&
      object.metadata.name === namespace &&
      object.metadata.namespace === namespace,
  );
  const limit = copy ?? own?.object;
  if (limit) return { kind: "federated", object: limit, over: "Clusters" };
  return here.settings.spec.scope === "Namespaced" ? { kind: "none" } : { kind: "notFederated" };
}

function apiVersionOf({ spec: { federatedType } }: FederatedTypeConfig): string {
  return `${federatedType.group ?? groups.types}/${clusterViewVersion}`;
}

function federatedName({ spec: { federatedType } }: FederatedTypeConfig): string {
  const { group = groups.types, pluralName: resource } = federatedType;
  return formatGroupResource({ group, resource });
}

/** A federated object in words: `FederatedDeployment bank/web`. */
export function inWords({ kind = "", metadata }: KubernetesObject): string {
  const { namespace, name = "" } = metadata;
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** The name of the object's ledger, as KubeFed calls it. */
export function ledgerNameOf({ source, config }: MigrationItem): string {
  return ledgerKey(config, source.object).split("/")[1] ?? "";
}

/** Whether a type is that of Namespaces, which limits where all others may be. */
export function isNamespaces({ metadata }: FederatedTypeConfig): boolean {
  return metadata.name === kubefed.namespacesTypeConfig;
}
