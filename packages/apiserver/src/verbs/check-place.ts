import { badRequest, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourceRequest } from "./resource-request.ts";

/** Refuses an object of another namespace than the URL's. @throws {StatusError} 400 */
export function checkPlace(
  { request, definition }: ResourceRequest,
  object: KubernetesObject,
): void {
  const { namespace = "" } = object.metadata;
  const expected = definition.namespaced ? request.info.namespace : "";
  if (namespace === "" || namespace === expected || !definition.namespaced) return;
  throw badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}

/** Refuses an object of another name than the URL's. @throws {StatusError} 400 */
export function checkName({ request }: ResourceRequest, object: KubernetesObject): void {
  const { name = "" } = object.metadata;
  const expected = request.info.name;
  if (name === expected) return;
  if (name === "") {
    throw badRequest(
      `the name of the object (${expected} based on URL) was undeterminable: name must be provided`,
    );
  }
  throw badRequest(
    `the name of the object (${name}) does not match the name on the URL (${expected})`,
  );
}

/** The same where the body may leave the name open. */
export function checkNewName(target: ResourceRequest, object: KubernetesObject): void {
  if ((object.metadata.name ?? "") !== "") checkName(target, object);
}
