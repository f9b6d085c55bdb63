import { notFound, type StatusError } from "@cellplane/apimachinery";
import type { ResourceRequest } from "./resource-request.ts";

/** 404 of the object that a path names. */
export function missingObject({ definition, request }: ResourceRequest): StatusError {
  const { group, resource } = definition;
  return notFound({ group, resource, name: request.info.name });
}
