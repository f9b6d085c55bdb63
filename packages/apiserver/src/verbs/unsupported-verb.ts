import { formatGroupResource, methodNotAllowed, StatusError } from "@cellplane/apimachinery";
import type { ResourceDefinition } from "../registry/resource.ts";

/** 405 of a verb that a resource lacks; custom resources name the verb. */
export function unsupportedVerb(definition: ResourceDefinition, verb: string): StatusError {
  if (definition.origin === "builtin") return methodNotAllowed();
  const { group, resource } = definition;
  return new StatusError(
    "MethodNotAllowed",
    `${verb} is not supported on resources of kind "${formatGroupResource({ group, resource })}"`,
    { details: { group, kind: resource } },
  );
}
