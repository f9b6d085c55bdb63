import { differenceFields, type FieldSet, fieldSetOf } from "./field-set.ts";

const neverOwned: FieldSet = fieldSetOf(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ["f:metadata", "f:name"],
  ["f:metadata", "f:namespace"],
  ["f:metadata", "f:creationTimestamp"],
  ["f:metadata", "f:selfLink"],
  ["f:metadata", "f:uid"],
  ["f:metadata", "f:clusterName"],
  ["f:metadata", "f:generation"],
  ["f:metadata", "f:managedFields"],
  ["f:metadata", "f:resourceVersion"],
);

/** The set without what nobody owns: the identity of the object and what the server sets in it. */
export function stripFields(set: FieldSet): FieldSet {
  return differenceFields(set, neverOwned);
}
