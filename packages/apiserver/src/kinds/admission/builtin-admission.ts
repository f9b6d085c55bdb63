import type { AdmissionPlugin } from "../../admission/admission.ts";
import { namespaceLifecycle } from "../../admission/namespace-lifecycle.ts";
import type { ObjectAccess } from "../../registry/object-access.ts";
import { defaultClassPlugins } from "./default-class.ts";
import { defaultTolerationsPlugin } from "./default-tolerations.ts";
import { podPriorityPlugin } from "./pod-priority.ts";
import { serviceAccountPlugin } from "./service-account.ts";
import { serviceAllocationPlugin, type ServiceAllocationOptions } from "./service-allocation.ts";

/** Built-in admission in two parts: webhooks and policies belong between them. */
export interface BuiltinAdmission {
  readonly beforeWebhooks: readonly AdmissionPlugin[];
  readonly afterWebhooks: readonly AdmissionPlugin[];
}

/** The API server's own plug-ins, in Kubernetes' order. */
export function builtinAdmission(
  objects: ObjectAccess,
  options: ServiceAllocationOptions,
): BuiltinAdmission {
  return {
    beforeWebhooks: [
      namespaceLifecycle(objects),
      serviceAccountPlugin(objects),
      podPriorityPlugin(objects),
      defaultTolerationsPlugin,
      ...defaultClassPlugins(objects),
    ],
    afterWebhooks: [serviceAllocationPlugin(objects, options)],
  };
}
