import type { JsonObject } from "@cellplane/apimachinery";
import { editAll, editItems, editMember, withDefaults, withMember } from "../plain/edit.ts";
import { numberAt, objectAt, optionalObject, stringAt } from "../plain/plain.ts";
import { defaultContainer } from "./container-defaults.ts";
import { defaultVolume } from "./volume-defaults.ts";

/** The defaults of a pod template's `spec` (`SetDefaults_PodSpec` and below). */
export function defaultPodSpec(spec: JsonObject): JsonObject {
  return editAll(
    withDefaults(spec, {
      dnsPolicy: "ClusterFirst",
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      schedulerName: "default-scheduler",
    }),
    mirrorServiceAccount,
    (each) => editItems(each, "initContainers", defaultContainer),
    (each) => editItems(each, "containers", defaultContainer),
    (each) => editItems(each, "ephemeralContainers", defaultContainer),
    (each) => editItems(each, "volumes", defaultVolume),
  );
}

/** The defaults of `template` in workloads; an absent template becomes one without containers. */
export function defaultPodTemplate(template: JsonObject): JsonObject {
  return withMember(template, "spec", defaultPodSpec(objectAt(template, "spec")));
}

/** The defaults of a Pod: those of a template, and what only a Pod itself gets. */
export function defaultPod(pod: JsonObject): JsonObject {
  const spec = editAll(
    defaultPodSpec(withDefaults(objectAt(pod, "spec"), { enableServiceLinks: true })),
    (each) => editItems(each, "initContainers", requestLimits),
    (each) => editItems(each, "containers", requestLimits),
    requestLimits,
    bindHostPorts,
  );
  return withMember(pod, "spec", spec);
}

/** `serviceAccount` is the deprecated name of `serviceAccountName`; each follows the other. */
function mirrorServiceAccount(spec: JsonObject): JsonObject {
  const name = stringAt(spec, "serviceAccountName") || stringAt(spec, "serviceAccount");
  if (name === "") return spec;
  return withMember(withMember(spec, "serviceAccountName", name), "serviceAccount", name);
}

/** What is limited and not requested is requested in full. */
function requestLimits(holder: JsonObject): JsonObject {
  const limits = optionalObject(holder, "resources", "limits");
  if (!limits) return holder;
  return editMember(holder, "resources", (resources) =>
    withMember(resources, "requests", withDefaults(objectAt(resources, "requests"), limits)),
  );
}

/** On the host's network a container's port is the host's. */
function bindHostPorts(spec: JsonObject): JsonObject {
  if (spec["hostNetwork"] !== true) return spec;
  const bind = (port: JsonObject): JsonObject =>
    withDefaults(port, { hostPort: numberAt(port, "containerPort") ?? 0 });
  const bindAll = (container: JsonObject): JsonObject => editItems(container, "ports", bind);
  return editItems(editItems(spec, "containers", bindAll), "initContainers", bindAll);
}
