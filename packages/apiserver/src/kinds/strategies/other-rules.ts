import type { JsonObject } from "@cellplane/apimachinery";
import { convertAutoscaler } from "../conversion/autoscaler-conversion.ts";
import { defaultAutoscaler } from "../defaults/autoscaler-defaults.ts";
import {
  defaultAdmissionPolicy,
  defaultAdmissionPolicyBinding,
  defaultApiService,
  defaultBinding,
  defaultCsiDriver,
  defaultEndpointSlice,
  defaultFlowSchema,
  defaultIngressClass,
  defaultMutatingWebhooks,
  defaultNetworkPolicy,
  defaultPriorityClass,
  defaultPriorityLevel,
  defaultResourceClaim,
  defaultResourceClaimTemplate,
  defaultStorageClass,
  defaultValidatingWebhooks,
} from "../defaults/other-defaults.ts";
import { editMember } from "../plain/edit.ts";
import { objectAt } from "../plain/plain.ts";
import type { StrategyContext } from "../../registry/resource.ts";
import { pathSegmentName } from "../validation/names.ts";
import {
  validateAutoscaler,
  validateDisruptionBudget,
  validateEndpointSlice,
  validateEndpointSliceUpdate,
  validateIngress,
  validateLease,
  validatePriorityClass,
  validatePriorityClassUpdate,
  validateStorageClass,
  validateStorageClassUpdate,
} from "../validation/other-validation.ts";
import {
  validateBindingUpdate,
  validateClusterRole,
  validateClusterRoleBinding,
  validateRole,
  validateRoleBinding,
} from "../validation/rbac-validation.ts";
import { protect } from "./core-rules.ts";
import { validateWebhookConfiguration } from "../validation/webhook-validation.ts";
import type { RulesByResource } from "./kind-rules.ts";

const rbac = { allowsCreateOnUpdate: true, validateName: pathSegmentName };
const versioned = { tracksGeneration: true, allowsUnconditionalUpdate: false };
const careful = { allowsUnconditionalUpdate: false };

/** What differs for the kinds outside core, apps and batch. */
export const otherRules: RulesByResource = {
  "rbac.authorization.k8s.io/roles": { ...rbac, validate: validateRole },
  "rbac.authorization.k8s.io/clusterroles": { ...rbac, validate: validateClusterRole },
  "rbac.authorization.k8s.io/rolebindings": {
    ...rbac,
    defaults: defaultBinding,
    validate: validateRoleBinding,
    validateUpdate: validateBindingUpdate,
  },
  "rbac.authorization.k8s.io/clusterrolebindings": {
    ...rbac,
    defaults: defaultBinding,
    validate: validateClusterRoleBinding,
    validateUpdate: validateBindingUpdate,
  },
  "coordination.k8s.io/leases": {
    allowsCreateOnUpdate: true,
    allowsUnconditionalUpdate: false,
    validate: validateLease,
  },
  "networking.k8s.io/ingresses": { tracksGeneration: true, validate: validateIngress },
  "networking.k8s.io/ingressclasses": { tracksGeneration: true, defaults: defaultIngressClass },
  "networking.k8s.io/networkpolicies": { tracksGeneration: true, defaults: defaultNetworkPolicy },
  "discovery.k8s.io/endpointslices": {
    tracksGeneration: true,
    defaults: defaultEndpointSlice,
    validate: validateEndpointSlice,
    validateUpdate: validateEndpointSliceUpdate,
  },
  "autoscaling/horizontalpodautoscalers": {
    defaults: defaultAutoscaler,
    validate: validateAutoscaler,
    convert: convertAutoscaler,
  },
  "policy/poddisruptionbudgets": {
    ...versioned,
    validate: validateDisruptionBudget,
  },
  "scheduling.k8s.io/priorityclasses": {
    tracksGeneration: true,
    defaults: defaultPriorityClass,
    validate: validatePriorityClass,
    validateUpdate: validatePriorityClassUpdate,
  },
  "node.k8s.io/runtimeclasses": { allowsCreateOnUpdate: true, ...careful },
  "storage.k8s.io/storageclasses": {
    defaults: defaultStorageClass,
    validate: validateStorageClass,
    validateUpdate: validateStorageClassUpdate,
  },
  "storage.k8s.io/csidrivers": { ...careful, defaults: defaultCsiDriver },
  "storage.k8s.io/csinodes": careful,
  "storage.k8s.io/csistoragecapacities": careful,
  "storage.k8s.io/volumeattachments": careful,
  "storage.k8s.io/volumeattributesclasses": {
    prepareForCreate: (object) => protect(object, "kubernetes.io/vac-protection"),
  },
  "admissionregistration.k8s.io/validatingwebhookconfigurations": {
    ...versioned,
    defaults: defaultValidatingWebhooks,
    validate: validateWebhookConfiguration,
  },
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": {
    ...versioned,
    defaults: defaultMutatingWebhooks,
    validate: validateWebhookConfiguration,
  },
  "admissionregistration.k8s.io/validatingadmissionpolicies": {
    ...versioned,
    defaults: defaultAdmissionPolicy,
  },
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": {
    ...versioned,
    defaults: defaultAdmissionPolicyBinding,
  },
  "admissionregistration.k8s.io/mutatingadmissionpolicies": {
    ...versioned,
    defaults: defaultAdmissionPolicy,
  },
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": {
    ...versioned,
    defaults: defaultAdmissionPolicyBinding,
  },
  "flowcontrol.apiserver.k8s.io/flowschemas": {
    tracksGeneration: true,
    defaults: defaultFlowSchema,
  },
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": {
    tracksGeneration: true,
    defaults: defaultPriorityLevel,
  },
  "resource.k8s.io/deviceclasses": { tracksGeneration: true },
  "resource.k8s.io/resourceclaims": { defaults: defaultResourceClaim },
  "resource.k8s.io/resourceclaimtemplates": { defaults: defaultResourceClaimTemplate },
  "resource.k8s.io/resourceslices": {
    tracksGeneration: true,
    selectableFields: ["spec.nodeName", "spec.driver"],
  },
  "certificates.k8s.io/certificatesigningrequests": {
    prepareForCreate: signRequester,
    prepareForUpdate: (object, old) => ({ ...object, spec: old["spec"] }),
    selectableFields: ["spec.signerName"],
  },
  "apiregistration.k8s.io/apiservices": { ...careful, defaults: defaultApiService },
};

/** A signing request says who made it, whatever it says itself. */
function signRequester(object: JsonObject, context: StrategyContext): JsonObject {
  const { username, uid, groups, extra } = context.user;
  return editMember(object, "spec", (spec) => ({
    ...spec,
    username,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra: objectAt({ extra }, "extra") }),
  }));
}
