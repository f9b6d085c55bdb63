import {
  createJsonPatch,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  StatusError,
  stringifyJson,
} from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "@cellplane/apiserver";
import type { WebhookAnswer } from "./webhook-server.ts";

const reviewVersion = "admission.k8s.io/v1";
const operations = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const;

/** Answers a posted AdmissionReview v1 by a plug-in: with a patch, or with a verdict. */
export async function answerAdmission(
  review: JsonValue,
  { plugin, step }: { readonly plugin: AdmissionPlugin; readonly step: "mutate" | "validate" },
  signal: AbortSignal,
): Promise<WebhookAnswer> {
  const warnings: string[] = [];
  const request = readRequest(review, (text) => warnings.push(text));
  if (typeof request === "string") return { status: 400, body: request };
  let verdict: JsonObject;
  try {
    verdict = await judge(request.admission, { plugin, step }, signal);
  } catch (error) {
    // Anything but a refusal is a failure of ours, which the host must not take for a verdict.
    if (!(error instanceof StatusError)) throw error;
    verdict = { allowed: false, status: error.toStatus() };
  }
  const response = {
    uid: request.uid,
    ...verdict,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
  return {
    status: 200,
    body: { apiVersion: reviewVersion, kind: "AdmissionReview", response },
  };
}

async function judge(
  request: AdmissionRequest,
  { plugin, step }: { readonly plugin: AdmissionPlugin; readonly step: "mutate" | "validate" },
  signal: AbortSignal,
): Promise<JsonObject> {
  if (!plugin.handles(request)) return { allowed: true };
  if (step === "validate") {
    await plugin.validate?.(request, signal);
    return { allowed: true };
  }
  const { object } = request;
  const changed = object && (await plugin.mutate?.(request, signal));
  if (!object || !changed) return { allowed: true };
  const patch = createJsonPatch(jsonOf(object), jsonOf(changed));
  if (patch.length === 0) return { allowed: true };
  const bytes = Buffer.from(stringifyJson(patch), "utf8").toString("base64");
  return { allowed: true, patchType: "JSONPatch", patch: bytes };
}

/** The request, or what is wrong with the review. */
function readRequest(
  review: JsonValue,
  warn: (text: string) => void,
): { readonly uid: string; readonly admission: AdmissionRequest } | string {
  if (!isJsonObject(review) || review["kind"] !== "AdmissionReview") {
    return "the body must be an AdmissionReview";
  }
  if (review["apiVersion"] !== reviewVersion) {
    return `apiVersion must be "${reviewVersion}": it is ${JSON.stringify(review["apiVersion"] ?? "")}`;
  }
  const { request } = review;
  if (!isJsonObject(request) || typeof request["uid"] !== "string") {
    return "request.uid must be set";
  }
  const { uid, kind, resource, options } = request;
  const operation = operations.find((each) => each === request["operation"]);
  if (!operation) {
    return `request.operation must be one of ${operations.join(", ")}: it is ${JSON.stringify(request["operation"] ?? "")}`;
  }
  if (!isJsonObject(kind) || !isJsonObject(resource)) {
    return "request.kind and request.resource must be set";
  }
  const object = objectOf(request["object"]);
  const oldObject = objectOf(request["oldObject"]);
  const admission: AdmissionRequest = {
    operation,
    gvk: { group: text(kind["group"]), version: text(kind["version"]), kind: text(kind["kind"]) },
    gvr: {
      group: text(resource["group"]),
      version: text(resource["version"]),
      resource: text(resource["resource"]),
    },
    subresource: text(request["subResource"]),
    namespace: text(request["namespace"]),
    name: text(request["name"]),
    ...(object === undefined ? {} : { object }),
    ...(oldObject === undefined ? {} : { oldObject }),
    options: objectOf(options),
    dryRun: request["dryRun"] === true,
    user: userOf(request["userInfo"]),
    warn,
  };
  return { uid, admission };
}

function userOf(user: JsonValue | undefined): AdmissionRequest["user"] {
  const info = isJsonObject(user) ? user : {};
  const { uid, groups } = info;
  return {
    username: text(info["username"]),
    groups: (isJsonArray(groups) ? groups : []).filter((each) => typeof each === "string"),
    ...(typeof uid === "string" ? { uid } : {}),
  };
}

function objectOf(value: JsonValue | undefined): KubernetesObject | undefined {
  return isJsonObject(value) && isJsonObject(value["metadata"] ?? {})
    ? { metadata: {}, ...value }
    : undefined;
}

function jsonOf(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject;
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
