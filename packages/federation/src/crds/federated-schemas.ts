import type { JsonObject } from "@cellplane/apimachinery";
import { clusterViewVersion, type topologyViewVersion } from "../api/names.ts";
import { clusterTopologyType } from "../api/topology-type.ts";
import {
  anyValue,
  flag,
  integer,
  labelSelector,
  listOf,
  nameList,
  objectOf,
  oneOf,
  text,
  time,
} from "./schema.ts";

type View = typeof clusterViewVersion | typeof topologyViewVersion;

/** `spec` of a federated kind in one view. */
export function federatedSpecSchema(
  view: View,
  {
    template,
    replicas,
    pods = false,
  }: {
    readonly template: JsonObject;
    /** Whether the target has `spec.replicas`. */
    readonly replicas: boolean;
    /** Whether the target makes pods. */
    readonly pods?: boolean;
  },
): JsonObject {
  const isCluster = view === clusterViewVersion;
  const type = text("What the object is spread over: cluster, cell or another type.", {
    default: clusterTopologyType,
  });
  return objectOf("What is spread, where, and how it differs.", {
    ...(isCluster ? {} : { topologyType: type }),
    topologyKey: text("The label whose values are the topologies; filled in."),
    template,
    placement: objectOf("Where the object shall be.", selection(isCluster)),
    placementMask: objectOf("Where the object may be touched now; absent is everywhere.", {
      ...selection(isCluster),
      heldPolicy: oneOf("What topologies outside the mask still get.", ["Freeze", "Pin"]),
    }),
    overrides: listOf("How topologies differ from the template.", overrideSchema(isCluster)),
    revision: integer("The kept revision to bring topologies to, instead of the newest.", {
      minimum: 1,
    }),
    revisionHistoryLimit: integer("Revisions kept.", { minimum: 1 }),
    ...(replicas ? { retainReplicas: flag("Whether members own their number of replicas.") } : {}),
    ...(pods ? { followDependencies: flag("Whether what the pods need is carried along.") } : {}),
  });
}

/** `status` of a federated kind in one view. */
export function federatedStatusSchema(view: View): JsonObject {
  const isCluster = view === clusterViewVersion;
  const condition = objectOf(
    "One finding.",
    {
      type: text("Propagation, Released or Deletion."),
      status: text("True or False."),
      reason: text("In one word."),
      message: text("In a sentence."),
      lastUpdateTime: time("When it was last looked at and something had changed."),
      lastTransitionTime: time("When status or reason last changed."),
    },
    ["type", "status"],
  );
  return objectOf("What is known of every topology.", {
    observedGeneration: integer("The generation that this is about."),
    topologyType: text("What the object is spread over."),
    currentRevision: integer("The newest revision."),
    desiredRevision: integer("The revision that topologies are brought to."),
    released: text("Topologies at the desired revision, of those in placement."),
    state: text("The whole in one word."),
    conditions: listOf("The findings.", condition),
    [isCluster ? "clusters" : "topologies"]: listOf(
      "One entry for each topology on each cluster.",
      entrySchema(isCluster),
    ),
    omittedRemoteStatuses: objectOf("What was left out for the object's size.", {
      count: integer("How many."),
      message: text("Why."),
    }),
  });
}

function selection(isCluster: boolean): JsonObject {
  const noun = isCluster ? "clusters" : "topologies";
  return {
    [noun]: nameList("By name; present, even empty, it beats the selector."),
    [isCluster ? "clusterSelector" : "topologySelector"]: labelSelector("By labels."),
  };
}

function overrideSchema(isCluster: boolean): JsonObject {
  const patch = objectOf(
    "One change.",
    {
      op: text("add, remove or replace, which is the default.", {
        pattern: "^(add|remove|replace)?$",
      }),
      path: text("A JSON pointer."),
      value: anyValue("The new value."),
    },
    ["path"],
  );
  const noun = isCluster ? "cluster" : "topology";
  return objectOf("Changes for one topology, or for those that a selector matches.", {
    [`${noun}Name`]: text("By name."),
    [`${noun}Selector`]: labelSelector("By labels."),
    [`${noun}Overrides`]: listOf("The changes, in order.", patch),
    source: text("Who wrote them; a scheduler's are no part of revisions."),
  });
}

function entrySchema(isCluster: boolean): JsonObject {
  return objectOf(
    "One topology on one cluster.",
    {
      name: text(isCluster ? "The KubeFedCluster." : "The topology."),
      ...(isCluster
        ? { topology: text("The topology.") }
        : { member: text("The KubeFedCluster, where name and cluster do not tell.") }),
      cluster: text("The joined cluster."),
      status: text("What is not as it should be; absent is fine."),
      message: text("Why."),
      revision: integer("The revision that stands there."),
      behind: integer("Later revisions that would change it."),
      drifted: flag("It differs from what was written."),
      remoteStatus: anyValue("The status of the member's object."),
    },
    ["name"],
  );
}
