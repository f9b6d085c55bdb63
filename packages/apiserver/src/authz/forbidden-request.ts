import { forbidden, StatusError } from "@cellplane/apimachinery";
import type { UserInfo } from "../request/user.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";

/** The 403 of a request that its user may not make, in Kubernetes' words. */
export function forbiddenRequest(
  user: UserInfo,
  attributes: AuthorizationAttributes,
  reason: string,
): StatusError {
  const what = escapeHtml(describe(user, attributes));
  const why = reason === "" ? what : `${what}: ${reason}`;
  if (!attributes.isResourceRequest) {
    return new StatusError("Forbidden", `forbidden: ${why}`, { details: {} });
  }
  return forbidden(attributes, why);
}

function describe(user: UserInfo, attributes: AuthorizationAttributes): string {
  const { verb, group, namespace } = attributes;
  const subject = `User ${JSON.stringify(user.username)} cannot ${verb}`;
  if (!attributes.isResourceRequest) return `${subject} path ${JSON.stringify(attributes.path)}`;
  const { resource, subresource } = attributes;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const object = `${subject} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)}`;
  return namespace === ""
    ? `${object} at the cluster scope`
    : `${object} in the namespace ${JSON.stringify(namespace)}`;
}

// A browser might take the text for a page.
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
