import type { KubernetesObject } from "@cellplane/apimachinery";
import {
  type CrdConversion,
  type CrdNames,
  type CrdSpec,
  type CrdStatus,
  type CustomResourceDefinition,
  decodeCrd,
  encodeCrd,
  storageVersionOf,
} from "./custom-resource-definition.ts";
import { canonicalVersion } from "./canonical-version.ts";

/** Fills in names, conversion and ports, as for every read and write of a CRD. Idempotent. */
export function defaultCrd(object: KubernetesObject): KubernetesObject {
  const crd = decodeCrd(object);
  return encodeCrd({ ...crd, spec: defaultSpec(crd.spec) });
}

/** What is stored of a new CRD: a status that knows of the storage version only. */
export function prepareNewCrd(object: KubernetesObject): KubernetesObject {
  const crd = decodeCrd(object);
  const storageVersion = storageVersionOf(crd);
  return encodeCrd({
    ...crd,
    status: {
      conditions: null,
      acceptedNames: { plural: "", kind: "" },
      storedVersions: storageVersion === undefined ? [] : [storageVersion],
    },
  });
}

/** An update of the spec keeps the status, in which a new storage version is remembered. */
export function prepareChangedCrd(
  object: KubernetesObject,
  oldObject: KubernetesObject,
): KubernetesObject {
  const crd = decodeCrd(object);
  const { status } = decodeCrd(oldObject);
  const { status: _ignored, ...rest } = crd;
  if (!status) return encodeCrd(rest);
  return encodeCrd({ ...rest, status: rememberStorageVersion(crd, status) });
}

/** An update of the status keeps the spec. */
export function prepareChangedStatus(
  object: KubernetesObject,
  oldObject: KubernetesObject,
): KubernetesObject {
  return encodeCrd({ ...decodeCrd(object), spec: decodeCrd(oldObject).spec });
}

function rememberStorageVersion(crd: CustomResourceDefinition, status: CrdStatus): CrdStatus {
  const storageVersion = storageVersionOf(crd);
  if (storageVersion === undefined || status.storedVersions.includes(storageVersion)) return status;
  return { ...status, storedVersions: [...status.storedVersions, storageVersion] };
}

function defaultSpec(spec: CrdSpec): CrdSpec {
  return {
    group: spec.group,
    names: defaultNames(spec.names),
    scope: spec.scope,
    versions: spec.versions.map(canonicalVersion),
    ...(spec.preserveUnknownFields === true ? { preserveUnknownFields: true } : {}),
    conversion: defaultConversion(spec.conversion),
  };
}

function defaultNames(names: CrdNames): CrdNames {
  const { plural, kind, shortNames, categories } = names;
  return {
    plural,
    singular: names.singular || (kind ?? "").toLowerCase(),
    ...(shortNames && shortNames.length > 0 ? { shortNames } : {}),
    kind,
    ...(names.listKind || kind ? { listKind: names.listKind || `${kind}List` } : {}),
    ...(categories && categories.length > 0 ? { categories } : {}),
  };
}

function defaultConversion(conversion: CrdConversion | undefined): CrdConversion {
  if (!conversion) return { strategy: "None" };
  const service = conversion.webhook?.clientConfig?.service;
  if (!service || service.port !== undefined) return conversion;
  return {
    ...conversion,
    webhook: {
      ...conversion.webhook,
      clientConfig: { ...conversion.webhook?.clientConfig, service: { ...service, port: 443 } },
    },
  };
}
