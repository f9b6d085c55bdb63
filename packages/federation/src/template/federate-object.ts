import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { ApiResource, FederatedTypeConfigSpec } from "../api/federated-type-config.ts";
import { clusterViewVersion, kubefed, labels, topologyViewVersion } from "../api/names.ts";
import { cellTopologyType } from "../api/topology-type.ts";
import { parseFieldPath, removeField } from "./field-path.ts";

/** How an existing object becomes a federated one. */
export interface FederateRequest {
  readonly typeConfig: Pick<FederatedTypeConfigSpec, "targetType" | "federatedType">;
  /** `cells`: spread over the namespace's cells, as a tenant's objects are. */
  readonly over: "clusters" | "cells";
  /** `everything`: an empty mask, so that no member is written to until it is widened. */
  readonly hold: "nothing" | "everything";
}

/** The federated object, and what of the original could not come along. */
export interface FederatedResult {
  readonly object: KubernetesObject;
  readonly warnings: readonly string[];
}

// Given out by each member itself (reference §3.5, and the last ones for the same reason).
const strippedByKind: Readonly<Record<string, readonly string[]>> = {
  Namespace: ["/spec/finalizers"],
  ServiceAccount: ["/secrets"],
  Service: [
    "/spec/clusterIP",
    "/spec/clusterIPs",
    "/spec/ports/*/nodePort",
    "/spec/healthCheckNodePort",
  ],
  PersistentVolumeClaim: ["/spec/volumeName"],
};

// A Job's controller makes them, unless `manualSelector` is set: in another cluster they are refused.
const jobLabels = [
  "controller-uid",
  "job-name",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-name",
];

const strippedLabels: ReadonlySet<string> = new Set([
  kubefed.managedLabel,
  labels.cell,
  "kubernetes.io/metadata.name",
]);

/**
 * Makes a federated object of an existing one: its template is the object without what servers and
 * controllers filled in, and it is placed everywhere, as KubeFed's `federate` does (reference §3.5).
 */
export function federateObject(
  original: KubernetesObject,
  { typeConfig, over, hold }: FederateRequest,
): FederatedResult {
  const { targetType, federatedType } = typeConfig;
  const { name = "", namespace } = original.metadata;
  const home = isNamespaces(targetType) ? name : namespace;
  const version = over === "cells" ? topologyViewVersion : clusterViewVersion;
  const object = {
    apiVersion: `${federatedType.group ?? ""}/${version}`,
    kind: federatedType.kind,
    metadata: {
      name,
      ...(home === undefined || federatedType.scope === "Cluster" ? {} : { namespace: home }),
    },
    spec: { template: templateOf(original, targetType), ...placementOf(over, hold) },
  };
  return { object, warnings: warningsOf(original) };
}

/** Everywhere; `hold` keeps the control plane from writing anywhere. */
function placementOf(over: FederateRequest["over"], hold: FederateRequest["hold"]): JsonObject {
  if (over === "cells") {
    return {
      topologyType: cellTopologyType,
      placement: { topologySelector: {} },
      ...(hold === "everything" ? { placementMask: { topologies: [] } } : {}),
    };
  }
  return {
    placement: { clusterSelector: { matchLabels: {} } },
    ...(hold === "everything" ? { placementMask: { clusters: [] } } : {}),
  };
}

function templateOf(original: KubernetesObject, target: ApiResource): JsonObject {
  const { apiVersion: _, kind: __, status: ___, metadata, ...rest } = original;
  const kept = Object.entries(metadata.labels ?? {}).filter(([key]) => !strippedLabels.has(key));
  const template: JsonObject = {
    ...(kept.length === 0 ? {} : { metadata: { labels: Object.fromEntries(kept) } }),
    ...(rest as JsonObject),
  };
  const pointers = strippedByKind[isCore(target) ? target.kind : ""] ?? [];
  const stripped = pointers
    .map(parseFieldPath)
    .reduce<JsonValue>(removeField, template) as JsonObject;
  return target.kind === "Job" && target.group === "batch" ? withoutJobUid(stripped) : stripped;
}

function withoutJobUid(job: JsonObject): JsonObject {
  const { spec } = job;
  if (!isJsonObject(spec) || spec["manualSelector"] === true) return job;
  const pointers = [
    "/spec/selector",
    ...jobLabels.flatMap((label) => {
      const key = label.replaceAll("/", "~1");
      return [`/metadata/labels/${key}`, `/spec/template/metadata/labels/${key}`];
    }),
  ];
  return pointers.map(parseFieldPath).reduce<JsonValue>(removeField, job) as JsonObject;
}

function warningsOf({ metadata }: KubernetesObject): readonly string[] {
  const dropped = Object.keys(metadata.annotations ?? {}).filter(
    (key) =>
      !key.startsWith("kubectl.kubernetes.io/") && !key.startsWith("deployment.kubernetes.io/"),
  );
  if (dropped.length === 0) return [];
  const names = dropped.sort().join(", ");
  return [`annotations do not come along: ${names}; propagate them with an override`];
}

/**
 * Why an object of a namespace is left out when the whole namespace is federated; `undefined`
 * where it is not. What a controller of the member makes would be made a second time.
 */
export function reasonToSkip(object: KubernetesObject, { kind }: ApiResource): string | undefined {
  const { name = "", ownerReferences = [] } = object.metadata;
  const owner = ownerReferences.find((each) => each["controller"] === true) ?? ownerReferences[0];
  if (owner) return `made by ${owner.kind} ${JSON.stringify(owner.name)}`;
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || name.length > 253) {
    return "its name is no DNS subdomain";
  }
  if (kind === "ConfigMap" && name === "kube-root-ca.crt") return "each cluster makes its own";
  if (kind === "ServiceAccount" && name === "default") return "each cluster makes its own";
  const isToken = object["type"] === "kubernetes.io/service-account-token";
  if (kind === "Secret" && isToken) return "a token is good in one cluster only";
  return undefined;
}

/** The same federated object with another's template: placement, mask and overrides stay. */
export function withTemplateOf(
  existing: KubernetesObject,
  federated: KubernetesObject,
): KubernetesObject {
  const spec = isJsonObject(existing["spec"]) ? existing["spec"] : {};
  const wanted = isJsonObject(federated["spec"]) ? federated["spec"]["template"] : undefined;
  return { ...existing, spec: { ...spec, template: wanted ?? {} } };
}

function isCore({ group = "" }: ApiResource): boolean {
  return group === "";
}

function isNamespaces(target: ApiResource): boolean {
  return isCore(target) && target.kind === "Namespace";
}
