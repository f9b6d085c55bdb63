import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { AdmissionPlugin } from "../../admission/admission.ts";
import type { ObjectAccess } from "../../registry/object-access.ts";
import { editMember, withMember } from "../plain/edit.ts";
import { asJson, asObject, stringAt, valueAt } from "../plain/plain.ts";

interface ClassRule {
  readonly plugin: string;
  readonly group: string;
  readonly resource: string;
  /** The member of `spec` that names the class. */
  readonly field: string;
  readonly classes: { readonly group: string; readonly resource: string };
  readonly annotation: string;
}

const rules: readonly ClassRule[] = [
  {
    plugin: "DefaultStorageClass",
    group: "",
    resource: "persistentvolumeclaims",
    field: "storageClassName",
    classes: { group: "storage.k8s.io", resource: "storageclasses" },
    annotation: "storageclass.kubernetes.io/is-default-class",
  },
  {
    plugin: "DefaultIngressClass",
    group: "networking.k8s.io",
    resource: "ingresses",
    field: "ingressClassName",
    classes: { group: "networking.k8s.io", resource: "ingressclasses" },
    annotation: "ingressclass.kubernetes.io/is-default-class",
  },
];

/** Claims and Ingresses that name no class get the default one, if there is one. */
export function defaultClassPlugins(objects: ObjectAccess): readonly AdmissionPlugin[] {
  return rules.map((rule) => ({
    name: rule.plugin,
    handles: ({ operation, gvr, subresource }) =>
      operation === "CREATE" &&
      gvr.group === rule.group &&
      gvr.resource === rule.resource &&
      subresource === "",
    mutate: async ({ object = { metadata: {} } }) => {
      const json = asJson(object);
      if (valueAt(json, "spec", rule.field) !== undefined || namesOldClass(json)) return object;
      const name = newestDefault(await objects.list(rule.classes), rule.annotation);
      if (name === undefined) return object;
      return asObject(editMember(json, "spec", (spec) => withMember(spec, rule.field, name)));
    },
  }));
}

/** Before there was a field, an annotation named the class. */
function namesOldClass(object: JsonObject): boolean {
  const names = ["kubernetes.io/ingress.class", "volume.beta.kubernetes.io/storage-class"];
  return names.some((name) => stringAt(object, "metadata", "annotations", name) !== "");
}

function newestDefault(
  classes: readonly KubernetesObject[],
  annotation: string,
): string | undefined {
  return classes
    .filter((each) => each.metadata.annotations?.[annotation] === "true")
    .toSorted((a, b) => compare(creationOf(b), creationOf(a)))[0]?.metadata.name;
}

function creationOf(object: KubernetesObject): string {
  return object.metadata.creationTimestamp ?? "";
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
