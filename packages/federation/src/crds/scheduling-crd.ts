import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { groups } from "../api/names.ts";
import { ageColumn, createCrd } from "./crd.ts";
import { flag, integer, listOf, objectOf, rootSchema, text, time } from "./schema.ts";

/** `ReplicaSchedulingPreference`. */
export function replicaSchedulingPreferenceCrd(): KubernetesObject {
  const preference = objectOf("Bounds and weight of one topology.", {
    minReplicas: integer("At least so many."),
    maxReplicas: integer("At most so many."),
    weight: integer("Share of what remains."),
  });
  const spec = objectOf(
    "How replicas are spread.",
    {
      targetKind: text("FederatedDeployment, FederatedReplicaSet or FederatedStatefulSet."),
      totalReplicas: { type: "integer", format: "int32", description: "To be spread." },
      rebalance: flag("Whether running replicas may be moved."),
      intersectWithClusterSelector: flag("Whether the object's selector limits the clusters."),
      clusters: {
        type: "object",
        description: "Preferences by cluster, cell or other topology; `*` is every other.",
        additionalProperties: preference,
      },
    },
    ["targetKind", "totalReplicas"],
  );
  return createCrd({
    group: groups.scheduling,
    kind: "ReplicaSchedulingPreference",
    plural: "replicaschedulingpreferences",
    shortNames: ["rsp"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1alpha1",
        storage: true,
        status: "subresource",
        schema: rootSchema("How replicas are spread over clusters.", {
          spec,
          status: schedulingStatus(),
        }),
        columns: [
          { name: "Target", type: "string", jsonPath: ".spec.targetKind" },
          { name: "Replicas", type: "integer", jsonPath: ".spec.totalReplicas" },
          {
            name: "Scheduled",
            type: "string",
            jsonPath: ".status.conditions[?(@.type=='Scheduled')].status",
          },
          ageColumn,
        ],
      },
    ],
  });
}

function schedulingStatus(): JsonObject {
  const condition = objectOf(
    "One finding.",
    {
      type: text("Scheduled."),
      status: text("True or False."),
      reason: text("In one word."),
      message: text("In a sentence."),
      lastTransitionTime: time("When status or reason last changed."),
    },
    ["type", "status"],
  );
  const entry = objectOf(
    "What one member was given.",
    {
      name: text("The KubeFedCluster."),
      topology: text("The topology."),
      replicas: integer("How many."),
    },
    ["name", "topology", "replicas"],
  );
  return objectOf("Why replicas are spread as they are.", {
    observedGeneration: integer("The generation that this is about."),
    conditions: listOf("The findings.", condition),
    clusters: listOf("What members were given.", entry),
  });
}
