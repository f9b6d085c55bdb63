import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";

/**
 * The next status of a Deployment whose pods only pretend to run: one more updated replica a step,
 * then ready. `undefined` once it is where its spec wants it.
 */
export function advanceDeployment(
  object: KubernetesObject,
  nowIso: string,
): JsonObject | undefined {
  const { wanted, status, generation, isNew } = readProgress(object);
  const updated = isNew ? 0 : count(status["updatedReplicas"]);
  const ready = count(status["readyReplicas"]);
  if (!isNew && updated === wanted && ready === wanted) return undefined;
  // A replica becomes ready in the step after it was updated.
  const nextReady = Math.min(updated, wanted);
  const nextUpdated = Math.min(updated + 1, wanted);
  const isComplete = nextReady === wanted && nextUpdated === wanted;
  return {
    observedGeneration: generation,
    replicas: Math.max(nextUpdated, Math.min(count(status["replicas"]), wanted)),
    updatedReplicas: nextUpdated,
    readyReplicas: nextReady,
    availableReplicas: nextReady,
    ...(nextReady < wanted ? { unavailableReplicas: wanted - nextReady } : {}),
    conditions: [
      condition(object, {
        type: "Available",
        status: isComplete ? "True" : "False",
        reason: isComplete ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: isComplete
          ? "Deployment has minimum availability."
          : "Deployment does not have minimum availability.",
        nowIso,
      }),
      condition(object, {
        type: "Progressing",
        status: "True",
        reason: isComplete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        message: `${nextReady} of ${wanted} replicas are ready`,
        nowIso,
      }),
    ],
  };
}

/** The same for a StatefulSet. */
export function advanceStatefulSet(object: KubernetesObject): JsonObject | undefined {
  const { wanted, status, generation, isNew } = readProgress(object);
  const ready = isNew ? 0 : count(status["readyReplicas"]);
  if (!isNew && ready === wanted) return undefined;
  const next = Math.min(ready + 1, wanted);
  const name = object.metadata.name ?? "";
  return {
    observedGeneration: generation,
    replicas: next,
    readyReplicas: next,
    availableReplicas: next,
    currentReplicas: next,
    updatedReplicas: next,
    currentRevision: `${name}-${generation}`,
    updateRevision: `${name}-${generation}`,
    collisionCount: 0,
  };
}

/** A Job that succeeds: active first, complete in the next step. */
export function advanceJob(object: KubernetesObject, nowIso: string): JsonObject | undefined {
  const spec = objectOf(object["spec"]);
  const status = objectOf(object["status"]);
  if (status["completionTime"] !== undefined || spec["suspend"] === true) return undefined;
  const completions = count(spec["completions"] ?? 1);
  if (status["startTime"] === undefined) {
    const active = Math.min(count(spec["parallelism"] ?? 1), completions);
    return {
      startTime: nowIso,
      active,
      ready: active,
      terminating: 0,
      uncountedTerminatedPods: {},
    };
  }
  const done = (type: string): JsonObject => ({
    type,
    status: "True",
    reason: "CompletionsReached",
    message: "Reached expected number of succeeded pods",
    lastProbeTime: nowIso,
    lastTransitionTime: nowIso,
  });
  return {
    startTime: status["startTime"],
    completionTime: nowIso,
    succeeded: completions,
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
    conditions: [done("SuccessCriteriaMet"), done("Complete")],
  };
}

/** A load balancer's address, from the range that is kept for examples (RFC 5737). */
export function advanceService(object: KubernetesObject): JsonObject | undefined {
  const spec = objectOf(object["spec"]);
  const balancer = objectOf(objectOf(object["status"])["loadBalancer"]);
  if (spec["type"] !== "LoadBalancer" || isJsonArray(balancer["ingress"])) return undefined;
  const uid = object.metadata.uid ?? "";
  const last = (Number.parseInt(uid.slice(0, 8), 16) % 254) + 1;
  return { loadBalancer: { ingress: [{ ip: `203.0.113.${last}`, ipMode: "VIP" }] } };
}

interface Progress {
  readonly wanted: number;
  readonly status: JsonObject;
  readonly generation: number;
  readonly isNew: boolean;
}

function readProgress(object: KubernetesObject): Progress {
  const status = objectOf(object["status"]);
  const { generation = 1 } = object.metadata;
  const wanted = count(objectOf(object["spec"])["replicas"] ?? 1);
  return { wanted, status, generation, isNew: status["observedGeneration"] !== generation };
}

function condition(
  object: KubernetesObject,
  told: {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
    readonly nowIso: string;
  },
): JsonObject {
  const { nowIso, ...rest } = told;
  const list = objectOf(object["status"])["conditions"];
  const before = (isJsonArray(list) ? list : [])
    .filter(isJsonObject)
    .find((each) => each["type"] === told.type);
  const lastTransitionTime =
    before?.["status"] === told.status ? before["lastTransitionTime"] : nowIso;
  return { ...rest, lastUpdateTime: nowIso, lastTransitionTime };
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
