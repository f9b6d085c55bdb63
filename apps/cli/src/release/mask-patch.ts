import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { HeldPolicy, TopologySelection } from "@cellplane/federation";
import type { PatchStep } from "./patch-object.ts";

/** What a mask is set to. */
export type MaskSelection = Required<TopologySelection> | TopologySelection;

/** Replaces the mask as a whole; without a policy the one that is set stays. */
export function maskPatch(
  object: KubernetesObject,
  selection: MaskSelection,
  policy: HeldPolicy | undefined = heldPolicyIn(object),
): readonly PatchStep[] {
  const value = { ...selection, ...(policy === undefined ? {} : { heldPolicy: policy }) };
  return [...sameGeneration(object), { op: "add", path: "/spec/placementMask", value }];
}

/** Fails the patch where the spec has changed since it was read; its status changes all the time. */
export function sameGeneration({ metadata }: KubernetesObject): readonly PatchStep[] {
  const { generation } = metadata;
  return generation === undefined
    ? []
    : [{ op: "test", path: "/metadata/generation", value: generation }];
}

/** The mask's policy, where one is set. */
export function heldPolicyIn({ spec }: KubernetesObject): HeldPolicy | undefined {
  const mask = isJsonObject(spec) ? spec["placementMask"] : undefined;
  const policy = isJsonObject(mask) ? mask["heldPolicy"] : undefined;
  return policy === "Pin" || policy === "Freeze" ? policy : undefined;
}

/** `spec.revision`, while the object is rolled back. */
export function rolledBackTo({ spec }: KubernetesObject): number | undefined {
  const revision = isJsonObject(spec) ? spec["revision"] : undefined;
  return typeof revision === "number" ? revision : undefined;
}
