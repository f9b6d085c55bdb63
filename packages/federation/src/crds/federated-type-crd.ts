import { isJsonObject, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import { type ApiResource, pluralOfKind } from "../api/federated-type-config.ts";
import { makesPods } from "../api/pod-makers.ts";
import { clusterViewVersion, groups, topologyViewVersion } from "../api/names.ts";
import { ageColumn, createCrd, type PrinterColumn } from "./crd.ts";
import { federatedSpecSchema, federatedStatusSchema } from "./federated-schemas.ts";
import { templateSchema } from "./relax-schema.ts";
import { rootSchema } from "./schema.ts";

/** What a federated kind is made from. */
export interface FederatedTypeInput {
  readonly target: ApiResource;
  /** Short names of the target: each gets an `f` before it. */
  readonly shortNames?: readonly string[];
  /** The target's OpenAPI v3 schema, where it is known. */
  readonly schema?: JsonObject;
  /** Another group than `types.kubefed.io`, where two targets share a kind. */
  readonly federatedGroup?: string;
  /** `spec.conversion`: a webhook outside our own server, which converts in its process. */
  readonly conversion?: JsonObject;
}

// Columns of both views; paths are the same in both as these fields are.
const columns: readonly PrinterColumn[] = [
  { name: "Topology", type: "string", jsonPath: ".status.topologyType" },
  { name: "Revision", type: "integer", jsonPath: ".status.desiredRevision" },
  {
    name: "Released",
    type: "string",
    jsonPath: ".status.released",
    description: "Topologies at that revision, of those in placement.",
  },
  { name: "State", type: "string", jsonPath: ".status.state" },
  ageColumn,
];

/** The resource of the federated kind of a target. */
export function federatedResource(target: ApiResource, group: string = groups.types): ApiResource {
  return {
    group,
    version: clusterViewVersion,
    kind: `Federated${target.kind}`,
    pluralName: `federated${target.pluralName === "" ? pluralOfKind(target.kind) : target.pluralName}`,
    // A Namespace's federated object lies in the namespace itself.
    scope: isNamespaces(target) ? "Namespaced" : target.scope,
  };
}

/** The CRD of a federated kind: two served versions, of which the cluster view is stored. */
export function federatedTypeCrd(input: FederatedTypeInput): KubernetesObject {
  const { target, schema, shortNames = [] } = input;
  const resource = federatedResource(target, input.federatedGroup);
  const template = templateSchema(schema);
  const replicas = hasReplicas(schema) || replicatedKinds.has(target.kind);
  const version = (name: typeof clusterViewVersion | typeof topologyViewVersion) => ({
    name,
    storage: name === clusterViewVersion,
    status: "subresource" as const,
    columns,
    schema: rootSchema(`${target.kind}, spread over topologies.`, {
      spec: federatedSpecSchema(name, { template, replicas, pods: makesPods(target) }),
      status: federatedStatusSchema(name),
    }),
  });
  return createCrd({
    group: resource.group ?? groups.types,
    kind: resource.kind,
    plural: resource.pluralName,
    shortNames: shortNames.map((name) => `f${name}`),
    categories: ["federated"],
    scope: resource.scope,
    ...(input.conversion === undefined ? {} : { conversion: input.conversion }),
    versions: [version(topologyViewVersion), version(clusterViewVersion)],
  });
}

/** `spec.conversion` of a federated CRD on an API server that is not ours. */
export function webhookConversion(clientConfig: JsonObject): JsonObject {
  return {
    strategy: "Webhook",
    webhook: { clientConfig, conversionReviewVersions: ["v1"] },
  };
}

const replicatedKinds: ReadonlySet<string> = new Set(["Deployment", "ReplicaSet", "StatefulSet"]);

function hasReplicas(schema: JsonObject | undefined): boolean {
  let node: unknown = schema;
  for (const part of ["properties", "spec", "properties", "replicas"]) {
    node = isJsonObject(node) ? node[part] : undefined;
  }
  return isJsonObject(node) && node["type"] === "integer";
}

function isNamespaces({ group = "", kind }: ApiResource): boolean {
  return group === "" && kind === "Namespace";
}
