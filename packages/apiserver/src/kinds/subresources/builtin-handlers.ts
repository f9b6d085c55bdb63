import { StatusError } from "@cellplane/apimachinery";
import type { ObjectHandler } from "../../registry/resource.ts";
import { approveRequest } from "./approve-request.ts";
import { finalizeNamespace } from "./finalize-namespace.ts";
import {
  bindPod,
  editEphemeralContainers,
  evictPod,
  needEndpoints,
  needKubelet,
  needNode,
  resizePod,
} from "./pod-subresources.ts";

/**
 * Handlers by `<group>/<resource>[/<subresource>]`, the core group empty: `/serviceaccounts/token`,
 * `authorization.k8s.io/subjectaccessreviews`.
 */
export type HandlersByPath = Readonly<Record<string, ObjectHandler>>;

/** What needs nothing but the objects. Reviews and tokens come from authentication and authorization. */
export const builtinHandlers: HandlersByPath = {
  "/bindings": bindPod,
  "/namespaces/finalize": finalizeNamespace,
  "/pods/attach": needKubelet,
  "/pods/binding": bindPod,
  "/pods/ephemeralcontainers": editEphemeralContainers,
  "/pods/eviction": evictPod,
  "/pods/exec": needKubelet,
  "/pods/log": needKubelet,
  "/pods/portforward": needKubelet,
  "/pods/proxy": needKubelet,
  "/pods/resize": resizePod,
  "/services/proxy": needEndpoints,
  "/nodes/proxy": needNode,
  "certificates.k8s.io/certificatesigningrequests/approval": approveRequest,
};

/** Answers for a path that nothing was handed in for. */
export function unservedHandler(path: string): ObjectHandler {
  return async () => {
    throw new StatusError("ServiceUnavailable", `${path} is not served here`);
  };
}
