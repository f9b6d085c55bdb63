import type { Authorizer, HttpHandler } from "@cellplane/apiserver";
import { Inspector } from "@cellplane/controllers";
import type { KubernetesApiExtension } from "../kubernetes-api/kubernetes-api.ts";
import { bootstrapFederation } from "./bootstrap-federation.ts";
import { actorByAuthorizer, createFederationAdmission } from "./federation-admission.ts";
import { federationConverterOf } from "./federation-converter.ts";
import { FederationLookups } from "./federation-lookups.ts";
import { createInspectHandler } from "./inspect-handler.ts";

/** What makes a Kubernetes API a control plane: kinds, conversion, admission, inspection. */
export function createFederationExtension(
  inspector: Inspector = new Inspector(),
  /** What else it serves. */
  handlers: (authorize: Authorizer) => readonly HttpHandler[] = () => [],
): KubernetesApiExtension {
  let lookups: FederationLookups | undefined;
  return {
    converterOf: federationConverterOf,
    handlers: (authorize) => [createInspectHandler(inspector, authorize), ...handlers(authorize)],
    bootstrap: async (objects) => {
      await bootstrapFederation(objects);
      lookups = await FederationLookups.open(objects);
    },
    admission: (_objects, authorize) => [
      createFederationAdmission(() => {
        // The server listens only after the bootstrap.
        if (!lookups) throw new Error("Cannot judge a write before the bootstrap is done");
        return lookups;
      }, actorByAuthorizer(authorize)),
    ],
  };
}
