import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { HandlerRequest, ObjectHandler } from "../registry/resource.ts";
import type { UserInfo } from "../request/user.ts";
import { checkReview, type ReviewKind } from "./access-review-validation.ts";
import type { AuthorizationAttributes, Authorizer } from "./authorizer.ts";

/**
 * `create` of SubjectAccessReview, SelfSubjectAccessReview and LocalSubjectAccessReview: says
 * whether somebody may do something.
 */
export function createAccessReviewHandler(kind: ReviewKind, authorizer: Authorizer): ObjectHandler {
  return async (request) => {
    const spec = isJsonObject(request.object?.["spec"]) ? request.object["spec"] : {};
    const metadata = reviewMetadata(kind, request);
    checkReview(kind, { metadata, spec });
    const user = kind === "SelfSubjectAccessReview" ? request.user : readUser(spec);
    const { allowed, reason } = authorizer(user, readAttributes(spec));
    return {
      kind,
      apiVersion: `authorization.k8s.io/${request.version}`,
      metadata,
      spec,
      status: { allowed, ...(reason !== "" && { reason }) },
    };
  };
}

function reviewMetadata(kind: ReviewKind, request: HandlerRequest): KubernetesObject["metadata"] {
  const metadata = request.object?.metadata ?? {};
  if (kind !== "LocalSubjectAccessReview") return metadata;
  return { ...metadata, namespace: metadata.namespace ?? request.namespace };
}

/** The user that a review asks about; as given, with no group added. */
function readUser(spec: JsonObject): UserInfo {
  const extra = isJsonObject(spec["extra"]) ? spec["extra"] : {};
  return {
    username: text(spec, "user"),
    uid: text(spec, "uid"),
    groups: strings(spec["groups"]),
    extra: Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [key.toLowerCase(), strings(values)]),
    ),
  };
}

function readAttributes(spec: JsonObject): AuthorizationAttributes {
  const resource = spec["resourceAttributes"];
  const other = isJsonObject(spec["nonResourceAttributes"]) ? spec["nonResourceAttributes"] : {};
  const asked = isJsonObject(resource) ? resource : {};
  const isResourceRequest = isJsonObject(resource);
  return {
    isResourceRequest,
    path: text(other, "path"),
    verb: text(isResourceRequest ? asked : other, "verb"),
    group: text(asked, "group"),
    version: text(asked, "version"),
    namespace: text(asked, "namespace"),
    resource: text(asked, "resource"),
    subresource: text(asked, "subresource"),
    name: text(asked, "name"),
  };
}

function text(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

function strings(value: JsonObject[string]): readonly string[] {
  return isJsonArray(value) ? value.filter((each) => typeof each === "string") : [];
}
