import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type {
  ApiResource,
  FederatedTypeConfig,
  FederatedTypeConfigSpec,
} from "../api/federated-type-config.ts";
import { groups, kubefed } from "../api/names.ts";
import { cellCrd, federatedRevisionCrds, tombstoneCrd, topologyTypeCrd } from "./cellplane-crds.ts";
import { federatedResource, federatedTypeCrd } from "./federated-type-crd.ts";
import {
  federatedTypeConfigCrd,
  kubeFedClusterCrd,
  kubeFedConfigCrd,
  propagatedVersionCrds,
} from "./kubefed-crds.ts";
import { tenantQuotaCrd } from "./quota-crd.ts";
import { replicaSchedulingPreferenceCrd } from "./scheduling-crd.ts";

/** A kind that is federated from the start. */
export interface DefaultType {
  readonly target: ApiResource;
  readonly shortNames: readonly string[];
}

/** The kinds that are federated from the start. */
export const defaultTypes: readonly DefaultType[] = [
  core("ConfigMap", "configmaps", ["cm"]),
  core("Secret", "secrets"),
  core("Service", "services", ["svc"]),
  core("ServiceAccount", "serviceaccounts", ["sa"]),
  core("PersistentVolumeClaim", "persistentvolumeclaims", ["pvc"]),
  { ...core("Namespace", "namespaces", ["ns"]), target: namespaceTarget() },
  grouped("apps", "Deployment", "deployments", ["deploy"]),
  grouped("apps", "ReplicaSet", "replicasets", ["rs"]),
  grouped("apps", "StatefulSet", "statefulsets", ["sts"]),
  grouped("batch", "Job", "jobs"),
  grouped("batch", "CronJob", "cronjobs", ["cj"]),
  grouped("networking.k8s.io", "Ingress", "ingresses", ["ing"]),
  grouped("rbac.authorization.k8s.io", "Role", "roles"),
  grouped("rbac.authorization.k8s.io", "RoleBinding", "rolebindings"),
  {
    target: {
      ...resource("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
      version: "v2",
    },
    shortNames: ["hpa"],
  },
  grouped("policy", "PodDisruptionBudget", "poddisruptionbudgets", ["pdb"]),
];

// Fields that members' controllers fill in, by target kind.
const retainedByKind: Readonly<Record<string, readonly string[]>> = {
  PersistentVolume: ["/spec/claimRef"],
  PersistentVolumeClaim: ["/spec/volumeName"],
  Job: ["/spec/selector", "/spec/template/metadata/labels"],
  MutatingWebhookConfiguration: ["/webhooks/*/clientConfig/caBundle"],
  ValidatingWebhookConfiguration: ["/webhooks/*/clientConfig/caBundle"],
  APIService: ["/spec/caBundle"],
  CustomResourceDefinition: ["/spec/conversion/webhook/clientConfig/caBundle"],
};

/** The FederatedTypeConfig of a target, as `enable` makes it. */
export function createTypeConfig(
  target: ApiResource,
  {
    systemNamespace = kubefed.systemNamespace,
    federatedGroup = groups.types,
  }: {
    readonly systemNamespace?: string;
    readonly federatedGroup?: string;
  } = {},
): FederatedTypeConfig {
  const { group = "", pluralName } = target;
  const retainedFields = retainedByKind[target.kind];
  const spec: FederatedTypeConfigSpec = {
    targetType: target,
    federatedType: federatedResource(target, federatedGroup),
    propagation: "Enabled",
    statusCollection: "Enabled",
    ...(retainedFields === undefined ? {} : { retainedFields }),
  };
  return {
    apiVersion: `${groups.core}/v1beta1`,
    kind: "FederatedTypeConfig",
    metadata: {
      name: group === "" ? pluralName : `${pluralName}.${group}`,
      namespace: systemNamespace,
    },
    spec,
  };
}

/** CRDs of the federation itself, without the federated kinds. */
export function coreCrds(): readonly KubernetesObject[] {
  return [
    kubeFedClusterCrd(),
    kubeFedConfigCrd(),
    federatedTypeConfigCrd(),
    ...propagatedVersionCrds(),
    replicaSchedulingPreferenceCrd(),
    cellCrd(),
    topologyTypeCrd(),
    ...federatedRevisionCrds(),
    tombstoneCrd(),
    tenantQuotaCrd(),
  ];
}

/** CRDs of the kinds that are federated from the start; schemas by target kind, where known. */
export function defaultTypeCrds({
  conversion,
  schemas,
}: {
  readonly conversion?: JsonObject;
  readonly schemas?: ReadonlyMap<string, JsonObject>;
} = {}): readonly KubernetesObject[] {
  return defaultTypes.map(({ target, shortNames }) => {
    const schema = schemas?.get(target.kind);
    return federatedTypeCrd({
      target,
      shortNames,
      ...(schema === undefined ? {} : { schema }),
      ...(conversion === undefined ? {} : { conversion }),
    });
  });
}

/** FederatedTypeConfigs of the kinds that are federated from the start. */
export function defaultTypeConfigs(systemNamespace?: string): readonly FederatedTypeConfig[] {
  const options = systemNamespace === undefined ? {} : { systemNamespace };
  return defaultTypes.map(({ target }) => createTypeConfig(target, options));
}

function core(kind: string, pluralName: string, shortNames: readonly string[] = []): DefaultType {
  const target: ApiResource = { version: "v1", kind, pluralName, scope: "Namespaced" };
  return { target, shortNames };
}

function namespaceTarget(): ApiResource {
  return { version: "v1", kind: "Namespace", pluralName: "namespaces", scope: "Cluster" };
}

function grouped(
  group: string,
  kind: string,
  plural: string,
  shortNames: readonly string[] = [],
): DefaultType {
  return { target: resource(group, kind, plural), shortNames };
}

function resource(group: string, kind: string, pluralName: string): ApiResource {
  return { group, version: "v1", kind, pluralName, scope: "Namespaced" };
}
