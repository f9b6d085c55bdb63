import type { WriteRequest } from "../registry/write-request.ts";
import type { AdmissionOptions, ResourceRequest, VerbDependencies } from "./resource-request.ts";

/** A write of the registry for a request over HTTP. */
export function writeRequest(
  deps: VerbDependencies,
  target: ResourceRequest,
  options: AdmissionOptions,
): WriteRequest {
  const { request, definition, version, store } = target;
  const { info, user, warnings } = request;
  return {
    definition,
    store,
    version,
    namespace: definition.namespaced ? info.namespace : "",
    name: info.verb === "create" ? "" : info.name,
    subresource: info.subresource,
    user,
    nowMs: deps.nowMs(),
    dryRun: options.dryRun,
    ...(request.createsStatus === true ? { createsStatus: true } : {}),
    warn: (text) => {
      if (!warnings.includes(text)) warnings.push(text);
    },
    admission: deps.admissionFor(target, options),
    signal: request.deadline(),
  };
}
