import {
  type FieldError,
  forbidden,
  isJsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { AdmissionRequest, ObjectScope } from "@cellplane/apiserver";
import {
  type Actor,
  annotations,
  type Cell,
  checkCell,
  checkFederatedObject,
  checkKubeFedCluster,
  checkKubeFedConfig,
  checkMemberDeletion,
  checkNamespace,
  checkNamespaceDeletion,
  checkProtected,
  checkTenantQuota,
  checkTopologyTypeObject,
  checkTypeConfig,
  defaultKubeFedConfig,
  type FederatedContext,
  type FederatedTypeConfig,
  type Findings,
  isSameTenant,
  type KubeFedCluster,
  type KubeFedConfig,
  labels,
  memberNameOfCell,
  noTenant,
  prepareCell,
  prepareFederatedObject,
  tenantOf,
  warnOfKubeFedConfig,
  topologyTypeOf,
  type TenantQuota,
  type TopologyType,
} from "@cellplane/federation";
import { findUnknownTemplateFields } from "./find-unknown-template-fields.ts";
import type { FederationLookups } from "./federation-lookups.ts";

/** A write to judge: who, and what there is to know. */
export interface Case {
  readonly request: AdmissionRequest;
  readonly actor: Actor;
  readonly lookups: FederationLookups;
}

/** How one kind is prepared and judged. */
export interface Judge {
  readonly prepare?: (
    of: Case,
    object: KubernetesObject,
  ) => KubernetesObject | Promise<KubernetesObject>;
  readonly check?: (of: Case, object: KubernetesObject) => Promise<Findings> | Findings;
  readonly checkDeletion?: (
    of: Case,
    old: KubernetesObject,
  ) => Promise<readonly FieldError[]> | readonly FieldError[];
}

/** Kinds judged, by `resource.group`; federated kinds are told by their FederatedTypeConfig. */
export const judges: Readonly<Record<string, Judge>> = {
  "cells.cellplane.io": {
    prepare: (of, object) => prepareCell(object as Cell, cellContext(of, object as Cell, [])),
    check: async (of, object) => {
      const old = of.request.oldObject as Cell | undefined;
      // Only a change of where it lies has to know what stands there.
      const moves =
        old !== undefined && JSON.stringify(old.spec) !== JSON.stringify(object["spec"]);
      const standing = moves ? await standingInCell(of, object) : [];
      const context = cellContext(of, object as Cell, standing);
      return only(checkCell({ object: object as Cell, old }, context));
    },
    checkDeletion: async (of, old) => {
      const standing = isAbandoned(old) ? [] : await standingInCell(of, old);
      return checkMemberDeletion(old, { standing });
    },
  },
  "kubefedclusters.core.kubefed.io": {
    check: async (of, object) => {
      const old = of.request.oldObject as KubeFedCluster | undefined;
      const changes =
        old !== undefined &&
        !isSameTenant(tenantOf(old.metadata.labels), tenantOf(object.metadata.labels));
      const standing = changes ? await of.lookups.standingIn(object.metadata.name ?? "") : [];
      const write = { object: object as KubeFedCluster, old };
      return only(checkKubeFedCluster(write, { actor: of.actor, standing }));
    },
    checkDeletion: async (of, old) => {
      // A derived cluster goes with its Cell, whose deletion was judged.
      if (of.actor === "controller" || isAbandoned(old)) return checkProtected(old);
      const { name = "" } = old.metadata;
      const cells = of.lookups
        .cells()
        .filter(({ spec }) => spec.clusterRef.name === name)
        .map(({ metadata }) => `Cell ${metadata.namespace ?? ""}/${metadata.name ?? ""}`);
      const standing = [...cells, ...(await of.lookups.standingIn(name))];
      return checkMemberDeletion(old, { standing });
    },
  },
  "kubefedconfigs.core.kubefed.io": {
    prepare: (of, object) =>
      of.request.operation === "CREATE" ? defaultKubeFedConfig(object as KubeFedConfig) : object,
    check: ({ request }, object) => {
      const config = object as KubeFedConfig;
      const errors = checkKubeFedConfig(config, request.oldObject as KubeFedConfig | undefined);
      return { errors, warnings: warnOfKubeFedConfig(config) };
    },
  },
  "federatedtypeconfigs.core.kubefed.io": {
    check: ({ lookups }, object) => {
      const others = lookups
        .typeConfigs()
        .filter(({ metadata }) => metadata.name !== object.metadata.name);
      return only(checkTypeConfig(object as FederatedTypeConfig, others));
    },
  },
  "tenantquotas.cellplane.io": {
    check: ({ request, actor, lookups }, object) => {
      if (actor === "user") throw forbidden({ ...request.gvr, name: request.name }, adminsOnly);
      const counted = lookups.typeConfigs().map(({ spec: { federatedType } }) => {
        const { group = "", pluralName } = federatedType;
        return `${pluralName}.${group}`;
      });
      return only(checkTenantQuota(object as TenantQuota, ["cells.cellplane.io", ...counted]));
    },
    checkDeletion: ({ request, actor }) => {
      if (actor === "user") throw forbidden({ ...request.gvr, name: request.name }, adminsOnly);
      return [];
    },
  },
  "topologytypes.cellplane.io": {
    check: async (of, object) => {
      const old = of.request.oldObject as TopologyType | undefined;
      const users = old === undefined ? [] : await usersOfType(of, object.metadata.name ?? "");
      return only(checkTopologyTypeObject({ object: object as TopologyType, old }, users));
    },
    checkDeletion: (_of, old) => checkProtected(old),
  },
  namespaces: {
    check: async (of, object) => {
      const old = of.request.oldObject;
      const own = tenantOf(object.metadata.labels);
      if (isSameTenant(own, tenantOf(old?.metadata.labels))) return only([]);
      const samePair = of.lookups
        .namespaces()
        .find(
          ({ metadata }) =>
            metadata.name !== object.metadata.name && isSameTenant(tenantOf(metadata.labels), own),
        );
      const contents = old === undefined ? [] : await contentsOf(of, object.metadata.name ?? "");
      const context = {
        actor: of.actor,
        samePair: isSameTenant(own, noTenant) ? undefined : samePair?.metadata.name,
        contents,
      };
      return only(checkNamespace({ object, old }, context));
    },
    checkDeletion: async (of, old) => {
      const held = await federatedObjectsIn(of, old.metadata.name ?? "");
      const protectedObjects = held
        .filter(({ object }) => object.metadata.labels?.[labels.protected] === "true")
        .map(({ words }) => words);
      return checkNamespaceDeletion(old, {
        standing: held.map(({ words }) => words),
        protectedObjects,
      });
    },
  },
};

const adminsOnly = "only platform administrators may write quotas of tenants";

/** How federated kinds are judged. */
export const federatedJudge: Judge = {
  prepare: async (of, object) =>
    prepareFederatedObject(
      { object, old: of.request.oldObject },
      await federatedContext(of, object),
    ),
  check: async (of, object) =>
    checkFederatedObject({ object, old: of.request.oldObject }, await federatedContext(of, object)),
  checkDeletion: (_of, old) => checkProtected(old),
};

/** The FederatedTypeConfig of a federated resource, if it is one. */
export function typeConfigOf(
  { gvr }: AdmissionRequest,
  lookups: FederationLookups,
): FederatedTypeConfig | undefined {
  return lookups
    .typeConfigs()
    .find(
      ({ spec: { federatedType } }) =>
        federatedType.pluralName === gvr.resource && federatedType.group === gvr.group,
    );
}

async function federatedContext(
  { request, actor, lookups }: Case,
  object: KubernetesObject,
): Promise<FederatedContext> {
  const config = typeConfigOf(request, lookups);
  if (!config) throw new Error(`Cannot judge ${request.gvr.resource} as it is no federated type`);
  const { namespace } = request;
  const home = namespace === "" ? object : lookups.namespace(namespace);
  const isLeftAlone = isGoing(config) || !isFollowed(config, namespace, lookups);
  return {
    actor,
    typeConfig: isLeftAlone ? { ...config.spec, propagation: "Disabled" } : config.spec,
    scope: lookups.scope(),
    tenant: tenantOf(home?.metadata.labels),
    isolation: lookups.isolation(),
    topologies: lookups.isGateOn("MultiTopology") ? "on" : "off",
    topologyTypes: lookups.topologyTypes(),
    keptRevisions: await keptRevisions(request, object, lookups),
    unknownTemplateFields: findUnknownTemplateFields(config.spec.targetType, object),
  };
}

/** Whether a controller will look at objects of this type in this namespace. */
function isFollowed(
  { spec }: FederatedTypeConfig,
  namespace: string,
  lookups: FederationLookups,
): boolean {
  if (lookups.scope() === "Cluster") return true;
  return spec.targetType.scope === "Namespaced" && namespace === lookups.systemNamespace;
}

function isGoing({ metadata }: KubernetesObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Only an object that asks for a revision has to know which there are. */
async function keptRevisions(
  request: AdmissionRequest,
  object: KubernetesObject,
  { objects }: FederationLookups,
): Promise<ReadonlySet<number>> {
  const spec = object["spec"];
  const uid = request.oldObject?.metadata.uid;
  if (!isJsonObject(spec) || spec["revision"] === undefined || uid === undefined) return new Set();
  const { namespace } = request;
  const scope: ObjectScope =
    namespace === ""
      ? { group: "cellplane.io", resource: "clusterfederatedrevisions" }
      : { group: "cellplane.io", resource: "federatedrevisions", namespace };
  const secrets: ObjectScope = { group: "", resource: "secrets", namespace };
  const isSecret = request.gvr.resource === "federatedsecrets";
  const all = await objects.list(isSecret ? secrets : scope);
  const own = all.filter(({ metadata }) =>
    metadata.ownerReferences?.some((each) => each.uid === uid),
  );
  return new Set(own.map(({ metadata }) => Number(metadata.name?.split("-").at(-1))));
}

function cellContext(
  { actor, lookups }: Case,
  cell: Cell,
  standing: readonly string[],
): Parameters<typeof checkCell>[1] {
  const tenantIn = (namespace: string): ReturnType<typeof tenantOf> =>
    tenantOf(lookups.namespace(namespace)?.metadata.labels);
  const { namespace = "", name } = cell.metadata;
  const cluster = cell.spec?.clusterRef?.name ?? "";
  return {
    actor,
    standing,
    tenant: tenantIn(namespace),
    isolation: lookups.isolation(),
    cluster: lookups.cluster(cluster),
    neighbours: lookups
      .cells()
      .filter(
        ({ spec, metadata }) =>
          spec.clusterRef.name === cluster &&
          !(metadata.namespace === namespace && metadata.name === name),
      )
      .map((other) => ({ cell: other, tenant: tenantIn(other.metadata.namespace ?? "") })),
    systemNamespace: lookups.systemNamespace,
    scope: lookups.scope(),
  };
}

function standingInCell(
  { lookups }: Case,
  { metadata }: KubernetesObject,
): Promise<readonly string[]> {
  return lookups.standingIn(memberNameOfCell(metadata.namespace ?? "", metadata.name ?? ""));
}

function isAbandoned({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.[annotations.abandon] === "true";
}

async function contentsOf(of: Case, namespace: string): Promise<readonly string[]> {
  const cells = of.lookups
    .cells()
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map(({ metadata }) => `Cell ${metadata.name ?? ""}`);
  const federated = await federatedObjectsIn(of, namespace);
  return [...cells, ...federated.map(({ words }) => words)];
}

async function federatedObjectsIn(
  { lookups }: Case,
  namespace: string,
): Promise<readonly { readonly object: KubernetesObject; readonly words: string }[]> {
  const found = await Promise.all(
    lookups.typeConfigs().map(async ({ spec: { federatedType } }) => {
      if (federatedType.scope === "Cluster") return [];
      const { group = "", pluralName: resource, kind } = federatedType;
      const objects = await lookups.objects.list({ group, resource, namespace });
      return objects.map((object) => ({ object, words: `${kind} ${object.metadata.name ?? ""}` }));
    }),
  );
  return found.flat();
}

async function usersOfType({ lookups }: Case, type: string): Promise<readonly string[]> {
  const found = await Promise.all(
    lookups.typeConfigs().map(async ({ spec: { federatedType } }) => {
      const { group = "", pluralName: resource, kind } = federatedType;
      const objects = await lookups.objects.list({ group, resource });
      return objects
        .filter((object) => topologyTypeOf(object) === type)
        .map(({ metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name ?? ""}`);
    }),
  );
  return found.flat();
}

function only(errors: readonly FieldError[]): Findings {
  return { errors, warnings: [] };
}
