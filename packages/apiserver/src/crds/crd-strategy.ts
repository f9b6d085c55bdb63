import { dns1123SubdomainErrors, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourceStrategy } from "../registry/resource.ts";
import {
  defaultCrd,
  prepareChangedCrd,
  prepareChangedStatus,
  prepareNewCrd,
} from "./crd-defaults.ts";
import { warnOfCrd } from "./crd-warnings.ts";
import { cleanupFinalizer, decodeCrd, encodeCrd } from "./custom-resource-definition.ts";
import { setCondition } from "./names-acceptance.ts";
import {
  validateCrd,
  validateCrdStatusUpdate,
  validateCrdUpdate,
} from "./validation/validate-crd.ts";

/** The strategy of CustomResourceDefinitions themselves. */
export const crdStrategy: ResourceStrategy = {
  tracksGeneration: true,
  allowsUnconditionalUpdate: false,
  allowsCreateOnUpdate: false,
  validateName: (name) => dns1123SubdomainErrors(name)[0],
  defaults: defaultCrd,
  prepareForCreate: prepareNewCrd,
  prepareForUpdate: (object, old, { subresource }) =>
    subresource === "status" ? prepareChangedStatus(object, old) : prepareChangedCrd(object, old),
  validate: validateCrd,
  validateUpdate: (object, old, { subresource }) =>
    subresource === "status" ? validateCrdStatusUpdate(object) : validateCrdUpdate(object, old),
  warnings: warnOfCrd,
  // The first DELETE only marks the CRD: its instances go first.
  deletion: {
    holds: ({ metadata }) => metadata.deletionTimestamp === undefined,
    prepare: markForDeletion,
  },
};

function markForDeletion(object: KubernetesObject): KubernetesObject {
  const { metadata } = object;
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(cleanupFinalizer)) return object;
  const now = metadata.deletionTimestamp ?? new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const marked = setCondition(
    decodeCrd(object),
    {
      type: "Terminating",
      status: "True",
      reason: "InstanceDeletionPending",
      message:
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    },
    now,
  );
  return encodeCrd({
    ...marked,
    metadata: { ...metadata, finalizers: [...finalizers, cleanupFinalizer] },
  });
}
