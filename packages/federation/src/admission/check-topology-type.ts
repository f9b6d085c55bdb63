import { type FieldError, invalid, notSupported, required } from "@cellplane/apimachinery";
import { cellTopologyType, clusterTopologyType, type TopologyType } from "../api/topology-type.ts";
import { listed } from "./check-deletion.ts";
import { checkDnsLabel } from "./names.ts";

const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Judges a TopologyType; `users` are the federated objects of the type, in words. */
export function checkTopologyTypeObject(
  { object, old }: { readonly object: TopologyType; readonly old: TopologyType | undefined },
  users: readonly string[],
): readonly FieldError[] {
  const { metadata, spec } = object;
  const { name = "" } = metadata;
  const errors: FieldError[] = [...checkDnsLabel("metadata.name", name)];
  if (name === clusterTopologyType || name === cellTopologyType) {
    errors.push(invalid("metadata.name", name, "is a type that exists already"));
  }
  if (spec.label === "") errors.push(required("spec.label"));
  else if (!labelKey.test(spec.label)) {
    errors.push(invalid("spec.label", spec.label, "must be the key of a label"));
  }
  if (spec.over !== "Clusters" && spec.over !== "Cells") {
    errors.push(notSupported("spec.over", spec.over, ["Clusters", "Cells"]));
  }
  const changed = old && (old.spec.label !== spec.label || old.spec.over !== spec.over);
  if (changed && users.length > 0) {
    errors.push(invalid("spec", spec, `may not change while it is used by ${listed(users)}`));
  }
  return errors;
}
