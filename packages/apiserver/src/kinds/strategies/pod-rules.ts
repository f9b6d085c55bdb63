import type { JsonObject } from "@cellplane/apimachinery";
import { defaultPod } from "../defaults/pod-defaults.ts";
import { withMember } from "../plain/edit.ts";
import { asJson, numberAt, objectAt, objectsAt, stringAt, valueAt } from "../plain/plain.ts";
import { validatePodSpec, validatePodUpdate } from "../validation/pod-validation.ts";
import type { KindRules } from "./kind-rules.ts";
import { newPodStatus, qosClass } from "./pod-status.ts";

/** core/v1 Pods: stored, defaulted and checked; nothing here runs them. */
export const podRules: KindRules = {
  tracksGeneration: true,
  defaults: defaultPod,
  initialStatus: newPodStatus,
  prepareForUpdate: (pod, old) => keepQosClass(pod, old),
  validate: (pod) => validatePodSpec("spec", objectAt(pod, "spec")),
  validateUpdate: (pod, old, context) =>
    context.subresource === ""
      ? validatePodUpdate(objectAt(pod, "spec"), objectAt(old, "spec"))
      : [],
  warnings: (pod) => volumeWarnings("spec.volumes", objectsAt(pod, "spec", "volumes")),
  selectableFields: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
  ],
  fieldValue: (pod, field) => {
    if (field === "spec.hostNetwork") {
      return valueAt(pod, "spec", "hostNetwork") === true ? "true" : "false";
    }
    if (field !== "status.podIPs") return undefined;
    return objectsAt(pod, "status", "podIPs")
      .map((each) => stringAt(each, "ip"))
      .join(",");
  },
  deletion: {
    answersObject: true,
    gracePeriodSeconds: (pod, requested) => gracePeriod(asJson(pod), requested),
  },
};

/** Sources of volumes that no kubelet serves any more, and since when. */
const deadSources: Readonly<Record<string, string>> = {
  rbd: "deprecated in v1.28, non-functional in v1.31+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
};

/** The warnings for volumes of a pod or of a template. */
export function volumeWarnings(path: string, volumes: readonly JsonObject[]): readonly string[] {
  return volumes.flatMap((volume, at) =>
    Object.entries(deadSources).flatMap(([source, why]) =>
      volume[source] === undefined ? [] : [`${path}[${at}].${source}: ${why}`],
    ),
  );
}

/**
 * A Pod that was never assigned to a node, or has ended, goes at once; another waits as long as is
 * asked for, and a later, longer wish does not lengthen that.
 */
function gracePeriod(pod: JsonObject, requested: number | undefined): number {
  const phase = stringAt(pod, "status", "phase");
  if (stringAt(pod, "spec", "nodeName") === "") return 0;
  if (phase === "Failed" || phase === "Succeeded") return 0;
  const asked = requested ?? numberAt(pod, "spec", "terminationGracePeriodSeconds") ?? 0;
  const current = numberAt(pod, "metadata", "deletionGracePeriodSeconds");
  return current === undefined ? asked : Math.min(asked, current);
}

function keepQosClass(pod: JsonObject, old: JsonObject): JsonObject {
  const status = objectAt(pod, "status");
  if (stringAt(status, "qosClass") !== "") return pod;
  const before = stringAt(old, "status", "qosClass");
  const kept = before === "" ? qosClass(objectAt(pod, "spec")) : before;
  return withMember(pod, "status", { ...status, qosClass: kept });
}
