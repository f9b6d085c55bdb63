import { isJsonObject, isStatus } from "@cellplane/apimachinery";
import type { AdmissionRequest, UserInfo } from "@cellplane/apiserver";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { type ActorOf, administratorAttributes } from "../../federation/federation-admission.ts";

const reviews: ResourcePath = {
  group: "authorization.k8s.io",
  version: "v1",
  resource: "subjectaccessreviews",
};

/**
 * Who writes, as the host tells: our own controllers by name, platform administrators by a
 * SubjectAccessReview; on a host that has none of those, the group `system:masters`.
 */
export function actorByReview(
  client: RestClient,
  of: { readonly controllerUsers: ReadonlySet<string>; readonly systemNamespace: string },
): ActorOf {
  return async ({ user }: AdmissionRequest) => {
    if (of.controllerUsers.has(user.username)) return "controller";
    const isAdmin = await isAdministrator(client, user, of.systemNamespace);
    return isAdmin ? "platformAdmin" : "user";
  };
}

async function isAdministrator(
  client: RestClient,
  user: UserInfo,
  namespace: string,
): Promise<boolean> {
  if (user.groups.includes("system:masters")) return true;
  const spec = {
    user: user.username,
    groups: user.groups,
    resourceAttributes: { ...administratorAttributes, namespace },
  };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    metadata: {},
    spec,
  };
  try {
    const answer = (await client.create(reviews, review))["status"];
    return isJsonObject(answer) && answer["allowed"] === true;
  } catch (error) {
    if (isStatus(error, "NotFound")) return false;
    throw error;
  }
}
