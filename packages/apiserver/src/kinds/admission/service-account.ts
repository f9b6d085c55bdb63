import { randomInt } from "node:crypto";
import { forbidden, type JsonObject } from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission/admission.ts";
import { nameForMessages } from "../../admission/namespace-lifecycle.ts";
import type { ObjectAccess } from "../../registry/object-access.ts";
import { editAll, editItems, editMember, withMember } from "../plain/edit.ts";
import { asJson, asObject, objectsAt, stringAt, valueAt, valuesAt } from "../plain/plain.ts";

const tokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access-";
/** An hour, and the seconds that tell this projection from those that people write. */
const tokenSeconds = 3607;
const defaultMode = 420;
// No vowels and no look-alikes, as in generated names.
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Pods act as a service account of their namespace, with a token mounted unless they opt out. */
export function serviceAccountPlugin(objects: ObjectAccess): AdmissionPlugin {
  return {
    name: "ServiceAccount",
    handles: ({ operation, gvr, subresource }) =>
      operation === "CREATE" && gvr.group === "" && gvr.resource === "pods" && subresource === "",
    mutate: async (request) => {
      const pod = asJson(request.object ?? { metadata: {} });
      const name = stringAt(pod, "spec", "serviceAccountName") || "default";
      const account = await requireAccount(objects, request, name);
      return asObject(editMember(pod, "spec", (spec) => actAs(spec, account)));
    },
  };
}

async function requireAccount(
  objects: ObjectAccess,
  request: AdmissionRequest,
  name: string,
): Promise<JsonObject> {
  const { namespace } = request;
  const account = await objects.get({ group: "", resource: "serviceaccounts", namespace }, name);
  if (account) return asJson(account);
  const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
  throw forbidden({ group: "", resource: "pods", name: nameForMessages(request) }, why);
}

/** A pod's `spec` with what its service account gives. */
export function actAs(spec: JsonObject, account: JsonObject): JsonObject {
  const name = stringAt(account, "metadata", "name");
  const secrets = valuesAt(account, "imagePullSecrets");
  const pulls = secrets.length > 0 && valuesAt(spec, "imagePullSecrets").length === 0;
  return editAll(
    { ...spec, serviceAccountName: name, serviceAccount: name },
    (each) => (pulls ? withMember(each, "imagePullSecrets", secrets) : each),
    (each) => (mounts(each, account) ? mountToken(each) : each),
  );
}

function mounts(spec: JsonObject, account: JsonObject): boolean {
  const own = valueAt(spec, "automountServiceAccountToken");
  return (own ?? valueAt(account, "automountServiceAccountToken")) !== false;
}

function mountToken(spec: JsonObject): JsonObject {
  const containers = [...objectsAt(spec, "containers"), ...objectsAt(spec, "initContainers")];
  if (containers.every(hasTokenMount)) return spec;
  const known = objectsAt(spec, "volumes").find((volume) =>
    stringAt(volume, "name").startsWith(volumePrefix),
  );
  const name = known ? stringAt(known, "name") : `${volumePrefix}${randomSuffix()}`;
  const mount = { name, readOnly: true, mountPath: tokenMountPath };
  const addMount = (container: JsonObject): JsonObject =>
    hasTokenMount(container)
      ? container
      : { ...container, volumeMounts: [...valuesAt(container, "volumeMounts"), mount] };
  const mounted = editItems(editItems(spec, "containers", addMount), "initContainers", addMount);
  if (known) return mounted;
  return { ...mounted, volumes: [...valuesAt(spec, "volumes"), tokenVolume(name)] };
}

function hasTokenMount(container: JsonObject): boolean {
  return objectsAt(container, "volumeMounts").some(
    (mount) => stringAt(mount, "mountPath") === tokenMountPath,
  );
}

/** The token, the cluster's CA and the namespace, as files. */
function tokenVolume(name: string): JsonObject {
  const fieldRef = { apiVersion: "v1", fieldPath: "metadata.namespace" };
  const sources = [
    { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef }] } },
  ];
  return { name, projected: { sources, defaultMode } };
}

function randomSuffix(): string {
  const letters = Array.from({ length: 5 }, () =>
    suffixAlphabet.charAt(randomInt(suffixAlphabet.length)),
  );
  return letters.join("");
}
