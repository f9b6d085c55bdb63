import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import type { ApiResource, FederatedTypeConfig } from "../api/federated-type-config.ts";

const dnsLabel1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const labelMessage =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const pointer = /^(\/([^~/]|~[01])+)+$/;

/** Judges a FederatedTypeConfig (reference §1.3); `others` are those that exist besides. */
export function checkTypeConfig(
  { metadata, spec }: FederatedTypeConfig,
  others: readonly FederatedTypeConfig[],
): readonly FieldError[] {
  const { targetType, federatedType, statusType } = spec;
  return [
    ...checkName(metadata.name ?? "", targetType),
    ...checkResource("spec.targetType", targetType, "optional"),
    ...checkResource("spec.federatedType", federatedType, "required"),
    ...(statusType ? checkResource("spec.statusType", statusType, "required") : []),
    ...checkCollision({ metadata, spec }, others),
    ...checkPointers(spec.retainedFields ?? []),
    ...checkGlobs(spec.propagatingAnnotations ?? []),
  ];
}

function checkName(name: string, { group = "", pluralName }: ApiResource): readonly FieldError[] {
  const wanted = group === "" ? pluralName : `${pluralName}.${group}`;
  if (name === wanted) return [];
  return [invalid("metadata.name", name, "name must be 'TARGET_PLURAL_NAME(.TARGET_GROUP_NAME)'")];
}

function checkResource(
  field: string,
  { group = "", version, kind, pluralName, scope }: ApiResource,
  groupIs: "required" | "optional",
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (groupIs === "required" && group === "") errors.push(required(`${field}.group`));
  else if (groupIs === "required" && !group.includes(".")) {
    errors.push(invalid(`${field}.group`, group, "should be a domain with at least one dot"));
  }
  const labelled = [
    ["version", version],
    ["kind", kind.toLowerCase()],
    ["pluralName", pluralName],
  ] as const;
  for (const [name, value] of labelled) {
    if (!dnsLabel1035.test(value)) errors.push(invalid(`${field}.${name}`, value, labelMessage));
  }
  if (scope !== "Cluster" && scope !== "Namespaced") {
    errors.push(notSupported(`${field}.scope`, scope, ["Cluster", "Namespaced"]));
  }
  return errors;
}

// Two targets with one kind would share a CRD.
function checkCollision(
  { metadata, spec }: Pick<FederatedTypeConfig, "metadata" | "spec">,
  others: readonly FederatedTypeConfig[],
): readonly FieldError[] {
  const { group, pluralName } = spec.federatedType;
  const taken = others.find(
    (other) =>
      other.metadata.name !== metadata.name &&
      other.spec.federatedType.group === group &&
      other.spec.federatedType.pluralName === pluralName,
  );
  if (taken === undefined) return [];
  const detail = `${pluralName}.${group ?? ""} belongs to FederatedTypeConfig ${JSON.stringify(taken.metadata.name)}; choose another group`;
  return [forbiddenField("spec.federatedType", detail)];
}

function checkPointers(pointers: readonly string[]): readonly FieldError[] {
  return pointers.flatMap((text, index) =>
    pointer.test(text)
      ? []
      : [
          invalid(
            `spec.retainedFields[${index}]`,
            text,
            "must be a JSON pointer such as /spec/volumeName",
          ),
        ],
  );
}

function checkGlobs(globs: readonly string[]): readonly FieldError[] {
  return globs.flatMap((glob, index) =>
    glob === "" ? [required(`spec.propagatingAnnotations[${index}]`)] : [],
  );
}
