import {
  badRequest,
  conflict,
  type KubernetesObject,
  notFound,
  StatusError,
} from "@cellplane/apimachinery";
import type { HandlerRequest, ObjectHandler } from "../../registry/resource.ts";
import { editMember, withMember } from "../plain/edit.ts";
import {
  asJson,
  asObject,
  numberAt,
  objectAt,
  optionalObject,
  stringAt,
  valueAt,
} from "../plain/plain.ts";
import { selectorMatches } from "../validation/checks.ts";

const pods = { group: "", resource: "pods" } as const;
const budgets = { group: "policy", resource: "poddisruptionbudgets" } as const;

/** `pods/eviction`: deletes the Pod unless a disruption budget forbids it. */
export const evictPod: ObjectHandler = async (request) => {
  const pod = await requirePod(request);
  await requireDisruption(request, pod);
  if (!request.dryRun)
    await request.objects.delete({ ...pods, namespace: request.namespace }, request.name);
  return success();
};

/** `pods/binding`, and `bindings`: puts the Pod on a node. */
export const bindPod: ObjectHandler = async (request) => {
  const name = request.name || (request.object?.metadata.name ?? "");
  const node = stringAt(request.object, "target", "name");
  const scope = { ...pods, namespace: request.namespace };
  await requirePod({ ...request, name });
  if (request.dryRun) return success();
  await request.objects.update(scope, name, (pod) => assign(pod, { name, node }), "binding");
  return success();
};

/** `pods/ephemeralcontainers`: containers for debugging come, and none goes. */
export const editEphemeralContainers: ObjectHandler = async (request) =>
  await editPod(request, "ephemeralContainers");

/** `pods/resize`: the resources of containers. */
export const resizePod: ObjectHandler = async (request) => await editPod(request, "containers");

/** `log`, `exec`, `attach`, `portforward` and `proxy` of pods: there is no kubelet to ask. */
export const needKubelet: ObjectHandler = async (request) => {
  await requirePod(request);
  throw badRequest(`pod ${request.name} does not have a host assigned`);
};

/** `services/proxy`: there is no data plane to reach. */
export const needEndpoints: ObjectHandler = async (request) => {
  const scope = { group: "", resource: "services", namespace: request.namespace };
  const [name = ""] = request.name.split(":");
  if (!(await request.objects.get(scope, name))) {
    throw notFound({ group: "", resource: "services", name });
  }
  throw new StatusError(
    "ServiceUnavailable",
    `no endpoints available for service ${JSON.stringify(request.name)}`,
  );
};

/** `nodes/proxy`: there is no kubelet to ask. */
export const needNode: ObjectHandler = async (request) => {
  const [name = ""] = request.name.split(":");
  if (!(await request.objects.get({ group: "", resource: "nodes" }, name))) {
    throw notFound({ group: "", resource: "nodes", name });
  }
  throw new StatusError("ServiceUnavailable", `no preferred addresses found; known addresses: []`);
};

async function requirePod(request: HandlerRequest): Promise<KubernetesObject> {
  const { namespace, name } = request;
  const pod = await request.objects.get({ ...pods, namespace }, name);
  if (!pod) throw notFound({ ...pods, name });
  return pod;
}

async function editPod(request: HandlerRequest, member: string): Promise<KubernetesObject> {
  const pod = await requirePod(request);
  const wanted = valueAt(request.object, "spec", member);
  if (request.verb === "get" || wanted === undefined) return pod;
  const change = (current: KubernetesObject): KubernetesObject =>
    asObject(editMember(asJson(current), "spec", (spec) => withMember(spec, member, wanted)));
  if (request.dryRun) return change(pod);
  const scope = { ...pods, namespace: request.namespace };
  return await request.objects.update(scope, request.name, change, member);
}

function assign(
  pod: KubernetesObject,
  to: { readonly name: string; readonly node: string },
): KubernetesObject {
  const assigned = stringAt(pod, "spec", "nodeName");
  const subject = { group: "", resource: "pods/binding", name: to.name };
  if (assigned !== "") {
    throw conflict(
      subject,
      `pod ${to.name} is already assigned to node ${JSON.stringify(assigned)}`,
    );
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    throw conflict(subject, `pod ${to.name} is being deleted, cannot be assigned to a host`);
  }
  return asObject(editMember(asJson(pod), "spec", (spec) => withMember(spec, "nodeName", to.node)));
}

/** 429 where a budget that covers the Pod allows no disruption now. */
async function requireDisruption(request: HandlerRequest, pod: KubernetesObject): Promise<void> {
  const phase = stringAt(pod, "status", "phase");
  if (phase === "Succeeded" || phase === "Failed" || phase === "Pending") return;
  const all = await request.objects.list({ ...budgets, namespace: request.namespace });
  const labels = objectAt(pod, "metadata", "labels");
  const covering = all.filter((budget) =>
    selectorMatches(optionalObject(budget, "spec", "selector"), labels),
  );
  if (covering.length > 1) {
    throw new StatusError(
      "InternalError",
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  }
  const [budget] = covering;
  if (!budget || (numberAt(budget, "status", "disruptionsAllowed") ?? 0) > 0) return;
  const name = budget.metadata.name ?? "";
  const current = numberAt(budget, "status", "currentHealthy") ?? 0;
  const desired = numberAt(budget, "status", "desiredHealthy") ?? 0;
  throw new StatusError(
    "TooManyRequests",
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      details: {
        causes: [
          {
            reason: "DisruptionBudget",
            message: `The disruption budget ${name} needs ${desired} healthy pods and has ${current} currently`,
          },
        ],
      },
    },
  );
}

/** What creating an eviction or a binding answers. */
function success(): KubernetesObject {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}
