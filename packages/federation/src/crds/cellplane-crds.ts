import type { KubernetesObject } from "@cellplane/apimachinery";
import { defaultNameTemplate, defaultNamespaceTemplate } from "../api/cell.ts";
import { groups } from "../api/names.ts";
import { ageColumn, createCrd, type CrdVersion } from "./crd.ts";
import {
  anyObject,
  flag,
  integer,
  listOf,
  objectOf,
  oneOf,
  rootSchema,
  stringMap,
  text,
} from "./schema.ts";

const version = { name: "v1alpha1", storage: true, status: "none" } as const;

/** `Cell`. */
export function cellCrd(): KubernetesObject {
  const spec = objectOf(
    "Where the cell lives, and what its objects are called there.",
    {
      clusterRef: objectOf("The joined KubeFedCluster.", { name: text("Its name.") }, ["name"]),
      region: text("The cell's region."),
      zone: text("The cell's zone."),
      unitType: text("RZone, GZone, CZone or any other."),
      backupOf: text("The other cell of the pair; never both in one wave."),
      namespaceTemplate: text("Namespace in the member, from {namespace} and {cell}.", {
        default: defaultNamespaceTemplate,
      }),
      nameTemplate: text("Names in the member, from {name} and {cell}.", {
        default: defaultNameTemplate,
      }),
      labelPods: flag("Whether pod templates get the cell's label."),
      nodeSelector: stringMap("Nodes that the cell's pods are pinned to."),
    },
    ["clusterRef"],
  );
  return createCrd({
    group: groups.cellplane,
    kind: "Cell",
    plural: "cells",
    categories: ["cellplane"],
    scope: "Namespaced",
    versions: [
      {
        ...version,
        status: "subresource",
        schema: rootSchema("A unit of an application's deployment.", {
          spec,
          status: anyObject("What is known of the cell."),
        }),
        columns: [
          { name: "Cluster", type: "string", jsonPath: ".spec.clusterRef.name" },
          { name: "Zone", type: "string", jsonPath: ".spec.zone" },
          { name: "Type", type: "string", jsonPath: ".spec.unitType" },
          { name: "Backup-Of", type: "string", jsonPath: ".spec.backupOf", priority: 1 },
          ageColumn,
        ],
      },
    ],
  });
}

/** `TopologyType`. */
export function topologyTypeCrd(): KubernetesObject {
  const spec = objectOf(
    "Which label's values are the topologies, and of what.",
    {
      label: text("The label's key."),
      over: oneOf("What carries the label.", ["Clusters", "Cells"]),
    },
    ["label", "over"],
  );
  return createCrd({
    group: groups.cellplane,
    kind: "TopologyType",
    plural: "topologytypes",
    categories: ["cellplane"],
    scope: "Cluster",
    versions: [
      {
        ...version,
        schema: rootSchema("A dimension that objects can be spread over.", { spec }),
        columns: [
          { name: "Label", type: "string", jsonPath: ".spec.label" },
          { name: "Over", type: "string", jsonPath: ".spec.over" },
          ageColumn,
        ],
      },
    ],
  });
}

/** `FederatedRevision` and `ClusterFederatedRevision`. */
export function federatedRevisionCrds(): readonly KubernetesObject[] {
  const spec = objectOf(
    "What the revision froze.",
    {
      revision: integer("The number, from 1."),
      hash: text("Of template and overrides."),
      template: anyObject("The template."),
      overrides: listOf("The overrides, without a scheduler's.", anyObject("One entry.")),
    },
    ["revision", "hash"],
  );
  const versions: readonly CrdVersion[] = [
    {
      ...version,
      schema: rootSchema("A snapshot of one federated object.", { spec }),
      columns: [
        { name: "Revision", type: "integer", jsonPath: ".spec.revision" },
        { name: "Of", type: "string", jsonPath: ".metadata.ownerReferences[0].name" },
        ageColumn,
      ],
    },
  ];
  const common = { group: groups.cellplane, categories: ["cellplane"], versions };
  return [
    createCrd({
      ...common,
      kind: "FederatedRevision",
      plural: "federatedrevisions",
      shortNames: ["frev"],
      scope: "Namespaced",
    }),
    createCrd({
      ...common,
      kind: "ClusterFederatedRevision",
      plural: "clusterfederatedrevisions",
      scope: "Cluster",
    }),
  ];
}

/** `Tombstone`. */
export function tombstoneCrd(): KubernetesObject {
  const target = objectOf(
    "The object in the member.",
    {
      apiVersion: text("Its version."),
      kind: text("Its kind."),
      pluralName: text("Its plural."),
      namespace: text("Its namespace."),
      name: text("Its name."),
    },
    ["apiVersion", "kind", "pluralName", "name"],
  );
  const owner = objectOf(
    "The federated object that wrote it.",
    {
      kind: text("Its kind."),
      namespace: text("Its namespace."),
      name: text("Its name."),
      uid: text("Its uid."),
    },
    ["kind", "name", "uid"],
  );
  const spec = objectOf(
    "What was left behind.",
    {
      clusterName: text("The KubeFedCluster."),
      joinedCluster: text("The joined cluster that it was left on."),
      topology: text("The topology's name."),
      target,
      owner,
      source: text("The source annotation of the object."),
      tenant: text("The tenant."),
      workspaceGroup: text("The workspace group."),
    },
    ["clusterName", "topology", "target", "owner", "source"],
  );
  return createCrd({
    group: groups.cellplane,
    kind: "Tombstone",
    plural: "tombstones",
    categories: ["cellplane"],
    scope: "Namespaced",
    versions: [
      {
        ...version,
        schema: rootSchema("A member object that is to be removed when its cluster returns.", {
          spec,
        }),
        columns: [
          { name: "Cluster", type: "string", jsonPath: ".spec.clusterName" },
          { name: "Kind", type: "string", jsonPath: ".spec.target.kind" },
          { name: "Object", type: "string", jsonPath: ".spec.target.name" },
          ageColumn,
        ],
      },
    ],
  });
}
