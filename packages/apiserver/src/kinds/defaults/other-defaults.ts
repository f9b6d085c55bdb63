import type { JsonObject } from "@cellplane/apimachinery";
import {
  type Edit,
  editAll,
  editItems,
  editMember,
  editOrCreate,
  withDefaults,
} from "../plain/edit.ts";
import { stringAt, valuesAt } from "../plain/plain.ts";

const inSpec =
  (change: Edit): Edit =>
  (object) =>
    editOrCreate(object, "spec", change);

/** discovery.k8s.io/v1 EndpointSlice. */
export const defaultEndpointSlice: Edit = (slice) =>
  editItems(slice, "ports", (port) => withDefaults(port, { name: "", protocol: "TCP" }));

/** networking.k8s.io/v1 IngressClass. */
export const defaultIngressClass: Edit = (ingressClass) =>
  editMember(ingressClass, "spec", (spec) =>
    editMember(spec, "parameters", (parameters) => withDefaults(parameters, { scope: "Cluster" })),
  );

/** networking.k8s.io/v1 NetworkPolicy. */
export const defaultNetworkPolicy: Edit = inSpec((spec) => {
  const tcp: Edit = (port) => withDefaults(port, { protocol: "TCP" });
  const ports: Edit = (rule) => editItems(rule, "ports", tcp);
  const hasEgress = valuesAt(spec, "egress").length > 0;
  return editAll(
    withDefaults(spec, { policyTypes: hasEgress ? ["Ingress", "Egress"] : ["Ingress"] }),
    (each) => editItems(each, "ingress", ports),
    (each) => editItems(each, "egress", ports),
  );
});

/** scheduling.k8s.io/v1 PriorityClass. */
export const defaultPriorityClass: Edit = (priorityClass) =>
  withDefaults(priorityClass, { preemptionPolicy: "PreemptLowerPriority" });

/** rbac.authorization.k8s.io/v1 RoleBinding and ClusterRoleBinding. */
export const defaultBinding: Edit = (binding) => {
  const apiGroup = "rbac.authorization.k8s.io";
  return editItems(
    editMember(binding, "roleRef", (ref) => withDefaults(ref, { apiGroup })),
    "subjects",
    (subject) => {
      const kind = stringAt(subject, "kind");
      return kind === "User" || kind === "Group" ? withDefaults(subject, { apiGroup }) : subject;
    },
  );
};

/** storage.k8s.io/v1 StorageClass. */
export const defaultStorageClass: Edit = (storageClass) =>
  withDefaults(storageClass, { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" });

/** storage.k8s.io/v1 CSIDriver. */
export const defaultCsiDriver: Edit = inSpec((spec) =>
  withDefaults(spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: "ReadWriteOnceWithFSType",
    volumeLifecycleModes: ["Persistent"],
    requiresRepublish: false,
    seLinuxMount: false,
  }),
);

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration. */
export const defaultValidatingWebhooks: Edit = (configuration) =>
  editItems(configuration, "webhooks", defaultWebhook);

/** admissionregistration.k8s.io/v1 MutatingWebhookConfiguration. */
export const defaultMutatingWebhooks: Edit = (configuration) =>
  editItems(configuration, "webhooks", (webhook) =>
    withDefaults(defaultWebhook(webhook), { reinvocationPolicy: "Never" }),
  );

/** admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy and MutatingAdmissionPolicy. */
export const defaultAdmissionPolicy: Edit = (policy) =>
  editMember(policy, "spec", (spec) =>
    editMember(withDefaults(spec, { failurePolicy: "Fail" }), "matchConstraints", defaultMatch),
  );

/** Bindings of admission policies. */
export const defaultAdmissionPolicyBinding: Edit = (binding) =>
  editMember(binding, "spec", (spec) => editMember(spec, "matchResources", defaultMatch));

/** flowcontrol.apiserver.k8s.io/v1 FlowSchema. */
export const defaultFlowSchema: Edit = inSpec((spec) =>
  withDefaults(spec, { matchingPrecedence: 1000 }),
);

/** flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration. */
export const defaultPriorityLevel: Edit = inSpec((spec) =>
  editAll(
    spec,
    (each) =>
      editMember(each, "limited", (limited) =>
        editMember(
          withDefaults(limited, { nominalConcurrencyShares: 30, lendablePercent: 0 }),
          "limitResponse",
          (response) =>
            editMember(response, "queuing", (queuing) =>
              withDefaults(queuing, { queues: 64, handSize: 8, queueLengthLimit: 50 }),
            ),
        ),
      ),
    (each) =>
      editMember(each, "exempt", (exempt) =>
        withDefaults(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 }),
      ),
  ),
);

/** resource.k8s.io/v1 ResourceClaim. */
export const defaultResourceClaim: Edit = inSpec(defaultClaimDevices);

/** resource.k8s.io/v1 ResourceClaimTemplate. */
export const defaultResourceClaimTemplate: Edit = inSpec((spec) =>
  editMember(spec, "spec", defaultClaimDevices),
);

/** apiregistration.k8s.io/v1 APIService. */
export const defaultApiService: Edit = (service) =>
  editMember(service, "spec", (spec) =>
    editMember(spec, "service", (reference) => withDefaults(reference, { port: 443 })),
  );

function defaultWebhook(webhook: JsonObject): JsonObject {
  return editAll(
    withDefaults(webhook, {
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
    }),
    (each) => editItems(each, "rules", defaultRule),
    (each) =>
      editMember(each, "clientConfig", (config) =>
        editMember(config, "service", (reference) => withDefaults(reference, { port: 443 })),
      ),
  );
}

function defaultMatch(match: JsonObject): JsonObject {
  const selected = withDefaults(match, {
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
  });
  return editItems(
    editItems(selected, "resourceRules", defaultRule),
    "excludeResourceRules",
    defaultRule,
  );
}

function defaultRule(rule: JsonObject): JsonObject {
  return withDefaults(rule, { scope: "*" });
}

function defaultClaimDevices(spec: JsonObject): JsonObject {
  return editMember(spec, "devices", (devices) =>
    editItems(devices, "requests", (request) =>
      editItems(
        editMember(request, "exactly", defaultDeviceRequest),
        "firstAvailable",
        defaultDeviceRequest,
      ),
    ),
  );
}

function defaultDeviceRequest(request: JsonObject): JsonObject {
  const moded = withDefaults(request, { allocationMode: "ExactCount" });
  const counts = stringAt(moded, "allocationMode") === "ExactCount";
  return counts ? withDefaults(moded, { count: 1 }) : moded;
}
