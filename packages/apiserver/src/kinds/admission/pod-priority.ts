import { forbidden, type JsonObject } from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission/admission.ts";
import { nameForMessages } from "../../admission/namespace-lifecycle.ts";
import type { ObjectAccess } from "../../registry/object-access.ts";
import { editMember, withDefaults } from "../plain/edit.ts";
import { asJson, asObject, numberAt, stringAt, valueAt } from "../plain/plain.ts";

const classes = { group: "scheduling.k8s.io", resource: "priorityclasses" } as const;
const defaultPolicy = "PreemptLowerPriority";

interface PodPriority {
  readonly name: string;
  readonly value: number;
  readonly policy: string;
}

/** Pods get the number that their priority class stands for; there is at most one default class. */
export function podPriorityPlugin(objects: ObjectAccess): AdmissionPlugin {
  return {
    name: "Priority",
    handles: (request) => isPodWrite(request) || isClassWrite(request),
    mutate: async (request) => {
      const object = request.object ?? { metadata: {} };
      if (!isPodWrite(request)) return object;
      const spec = asJson(object)["spec"];
      if (request.operation === "UPDATE") return keepPriority(request);
      const priority = await findPriority(objects, request, stringAt(spec, "priorityClassName"));
      requireSame(request, priority, numberAt(spec, "priority"));
      return asObject(editMember(asJson(object), "spec", (each) => prioritize(each, priority)));
    },
    validate: async (request) => {
      if (isClassWrite(request)) await requireOneDefault(objects, request);
    },
  };
}

function isPodWrite({ operation, gvr, subresource }: AdmissionRequest): boolean {
  const writes = operation === "CREATE" || operation === "UPDATE";
  return writes && gvr.group === "" && gvr.resource === "pods" && subresource === "";
}

function isClassWrite({ operation, gvr }: AdmissionRequest): boolean {
  const writes = operation === "CREATE" || operation === "UPDATE";
  return writes && gvr.group === classes.group && gvr.resource === classes.resource;
}

async function findPriority(
  objects: ObjectAccess,
  request: AdmissionRequest,
  name: string,
): Promise<PodPriority> {
  if (name === "") {
    const all = (await objects.list(classes)).map(asJson);
    const fallback = all
      .filter((each) => each["globalDefault"] === true)
      .toSorted((a, b) => (numberAt(a, "value") ?? 0) - (numberAt(b, "value") ?? 0))[0];
    return fallback ? priorityOf(fallback) : { name: "", value: 0, policy: defaultPolicy };
  }
  const found = await objects.get(classes, name);
  if (found) return priorityOf(asJson(found));
  const pod = { group: "", resource: "pods", name: nameForMessages(request) };
  throw forbidden(pod, `no PriorityClass with name ${name} was found`);
}

function priorityOf(priorityClass: JsonObject): PodPriority {
  return {
    name: stringAt(priorityClass, "metadata", "name"),
    value: numberAt(priorityClass, "value") ?? 0,
    policy: stringAt(priorityClass, "preemptionPolicy") || defaultPolicy,
  };
}

function requireSame(
  request: AdmissionRequest,
  priority: PodPriority,
  given: number | undefined,
): void {
  if (given === undefined || given === priority.value) return;
  const pod = { group: "", resource: "pods", name: nameForMessages(request) };
  const why = `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${priority.value} from the given PriorityClass name`;
  throw forbidden(pod, why);
}

function prioritize(spec: JsonObject, priority: PodPriority): JsonObject {
  const named = priority.name === "" ? {} : { priorityClassName: priority.name };
  return {
    ...withDefaults(spec, { preemptionPolicy: priority.policy }),
    ...named,
    priority: priority.value,
  };
}

/** An update that leaves the number out means the one that the Pod has. */
function keepPriority(request: AdmissionRequest): ReturnType<typeof asObject> {
  const pod = asJson(request.object ?? { metadata: {} });
  const old = asJson(request.oldObject ?? { metadata: {} });
  const kept = {
    priority: valueAt(old, "spec", "priority"),
    preemptionPolicy: valueAt(old, "spec", "preemptionPolicy"),
  };
  return asObject(editMember(pod, "spec", (spec) => withDefaults(spec, kept)));
}

async function requireOneDefault(objects: ObjectAccess, request: AdmissionRequest): Promise<void> {
  const wanted = asJson(request.object ?? { metadata: {} });
  if (wanted["globalDefault"] !== true) return;
  const name = stringAt(wanted, "metadata", "name");
  const other = (await objects.list(classes)).find(
    (each) => asJson(each)["globalDefault"] === true && each.metadata.name !== name,
  );
  if (!other) return;
  const why = `PriorityClass ${other.metadata.name ?? ""} is already marked as default. Only one default can exist`;
  throw forbidden({ ...classes, name }, why);
}
