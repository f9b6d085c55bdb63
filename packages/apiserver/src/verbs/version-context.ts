import {
  type FieldSet,
  formatGroupVersion,
  parseFieldsV1,
  parseGroupVersion,
  type VersionContext,
  type VersionedObject,
} from "@cellplane/apimachinery";
import { convertObjects } from "../registry/convert-object.ts";
import type { ResourceDefinition, ResourceVersion } from "../registry/resource.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** The version of a request, as field ownership needs it: schema, and the kind's other versions. */
export function versionContext(target: ResourceRequest): VersionContext {
  const { definition, version, request } = target;
  const { subresource } = request.info;
  const isOnlyVersion = definition.versions.length === 1;
  return {
    apiVersion: formatGroupVersion({ group: definition.group, version: version.version }),
    schema: version.schema,
    resetFields: resetFieldsOf(definition, version, subresource),
    toVersion: isOnlyVersion
      ? undefined
      : (object, apiVersion) => {
          const other = findVersion(target, apiVersion);
          if (!other) return undefined;
          const [converted] = convertedNow(target, object, other.version);
          if (!converted) return undefined;
          const resetFields = resetFieldsOf(definition, other, subresource);
          return { object: converted, schema: other.schema, resetFields };
        },
  };
}

function findVersion(
  { definition }: ResourceRequest,
  apiVersion: string,
): ResourceVersion | undefined {
  const parsed = parseGroupVersion(apiVersion);
  if (parsed?.group !== definition.group) return undefined;
  return definition.versions.find((each) => each.version === parsed.version && each.served);
}

// A webhook cannot be waited for here: its kinds are compared by name only.
function convertedNow(
  { definition }: ResourceRequest,
  object: VersionedObject["object"],
  version: string,
): readonly VersionedObject["object"][] {
  if (definition.conversion.kind !== "webhook") {
    const converted = convertObjects(definition, [object], { version });
    if (!(converted instanceof Promise)) return converted;
  }
  const apiVersion = formatGroupVersion({ group: definition.group, version });
  return [{ ...object, apiVersion }];
}

const nothing: FieldSet = {};
const status: FieldSet = { "f:status": {} };

/** What a write may not change is owned by nobody for trying. */
function resetFieldsOf(
  definition: ResourceDefinition,
  version: ResourceVersion,
  subresource: string,
): FieldSet {
  if (!version.hasStatus) return nothing;
  if (subresource !== "status") return status;
  // The status of a custom resource is written without any of its metadata.
  if (definition.origin === "crd") return { "f:metadata": {}, "f:spec": {} };
  const names = [...version.schema.properties.keys(), "spec"].filter(
    (name) => !["apiVersion", "kind", "metadata", "status"].includes(name),
  );
  return parseFieldsV1(Object.fromEntries(names.map((name) => [`f:${name}`, {}])));
}
