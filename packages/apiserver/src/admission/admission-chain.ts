import { formatGroupVersion, type KubernetesObject } from "@cellplane/apimachinery";
import type { AdmittedChange, WriteAdmission } from "../registry/write-request.ts";
import { unlessAborted } from "../request/unless-aborted.ts";
import { notInTime } from "../storage/object-storage.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

/** What admission is told of a request, whatever the objects. */
export type AdmissionContext = Omit<
  AdmissionRequest,
  "operation" | "name" | "object" | "oldObject"
>;

/** Runs the plug-ins for one write: all that mutate in order, then all that validate. */
export function createWriteAdmission(
  plugins: readonly AdmissionPlugin[],
  context: AdmissionContext,
  signal: () => AbortSignal,
): WriteAdmission {
  return {
    mutate: async (change) => {
      let { object } = change;
      for (const plugin of plugins) {
        if (!plugin.mutate) continue;
        const request = requestOf(context, { ...change, object });
        if (!plugin.handles(request)) continue;
        const result = plugin.mutate(request, signal());
        object = result instanceof Promise ? await inTime(result, signal()) : result;
      }
      return object;
    },
    validate: async (change) => {
      const request = requestOf(context, change);
      if (change.operation === "DELETE") await mutateDeletion(plugins, request, signal);
      for (const plugin of plugins) {
        if (!plugin.validate || !plugin.handles(request)) continue;
        const result = plugin.validate(request, signal());
        if (result instanceof Promise) await inTime(result, signal());
      }
    },
    settle: (change, outcome) => {
      for (const plugin of plugins) {
        if (!plugin.settle) continue;
        const request = requestOf(context, change);
        if (plugin.handles(request)) plugin.settle(request, outcome);
      }
    },
  };
}

/** What plug-ins ask of the store takes long where it is away. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await unlessAborted(work, signal);
  } catch (error) {
    throw signal.aborted && error === signal.reason ? notInTime(error) : error;
  }
}

// A deletion has no object to change, but a plug-in that mutates may still refuse it.
async function mutateDeletion(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
  signal: () => AbortSignal,
): Promise<void> {
  for (const plugin of plugins) {
    if (plugin.mutate && plugin.handles(request)) await plugin.mutate(request, signal());
  }
}

function requestOf(context: AdmissionContext, change: AdmittedChange): AdmissionRequest {
  const { operation, name, object, oldObject } = change;
  return {
    ...context,
    options: optionsFor(operation, context.options),
    operation,
    name,
    ...(object === undefined ? {} : { object }),
    ...(oldObject === undefined ? {} : { oldObject }),
  };
}

// A patch that changes an object is an update to admission.
function optionsFor(
  operation: AdmissionRequest["operation"],
  options: AdmissionRequest["options"],
): AdmissionRequest["options"] {
  return operation === "UPDATE" && options?.kind === "PatchOptions"
    ? { ...options, kind: "UpdateOptions" }
    : options;
}

/** The options object of a request: `CreateOptions`, … */
export function optionsObject(
  kind: string,
  fields: Readonly<Record<string, unknown>>,
): KubernetesObject {
  const apiVersion = formatGroupVersion({ group: "meta.k8s.io", version: "v1" });
  return { kind, apiVersion, ...fields } as unknown as KubernetesObject;
}
