import type { JsonObject } from "@cellplane/apimachinery";
import type { AdmissionPlugin } from "../../admission/admission.ts";
import { editMember } from "../plain/edit.ts";
import { asJson, asObject, objectsAt, stringAt, valuesAt } from "../plain/plain.ts";

/** How long a Pod stays on a node that is not there. */
const tolerationSeconds = 300;
const keys = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** Pods bear a lost node for five minutes, unless they say otherwise. */
export const defaultTolerationsPlugin: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  handles: ({ operation, gvr, subresource }) =>
    (operation === "CREATE" || operation === "UPDATE") &&
    gvr.group === "" &&
    gvr.resource === "pods" &&
    subresource === "",
  mutate: (request) =>
    asObject(editMember(asJson(request.object ?? { metadata: {} }), "spec", tolerate)),
};

function tolerate(spec: JsonObject): JsonObject {
  const given = objectsAt(spec, "tolerations");
  const missing = keys.filter((key) => !given.some((each) => covers(each, key)));
  if (missing.length === 0) return spec;
  const added = missing.map((key) => ({
    key,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds,
  }));
  return { ...spec, tolerations: [...valuesAt(spec, "tolerations"), ...added] };
}

function covers(toleration: JsonObject, key: string): boolean {
  const effect = stringAt(toleration, "effect");
  const own = stringAt(toleration, "key");
  return (own === key || own === "") && (effect === "NoExecute" || effect === "");
}
