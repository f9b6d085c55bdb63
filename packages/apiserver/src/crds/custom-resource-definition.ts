import type { KubernetesObject, ObjectMeta } from "@cellplane/apimachinery";
import type { JsonSchemaProps } from "./json-schema-props.ts";

/** `spec.names` and `status.acceptedNames`. */
export interface CrdNames {
  readonly plural: string;
  readonly singular?: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** One printer column. */
export interface CrdColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

/** `subresources` of a version. */
export interface CrdSubresources {
  readonly status?: object;
  readonly scale?: {
    readonly specReplicasPath?: string;
    readonly statusReplicasPath?: string;
    readonly labelSelectorPath?: string;
  };
}

/** `schema` of a version. */
export interface CrdSchema {
  readonly openAPIV3Schema?: JsonSchemaProps;
}

/** A selectable field of a version. */
export interface CrdSelectableField {
  readonly jsonPath: string;
}

/** One of `spec.versions`. */
export interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: CrdSchema;
  readonly subresources?: CrdSubresources;
  readonly additionalPrinterColumns?: readonly CrdColumn[];
  readonly selectableFields?: readonly CrdSelectableField[];
}

/** How to reach a conversion webhook. `caBundle` is base64 of PEM. */
export interface CrdClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  readonly caBundle?: string;
}

/** `spec.conversion`. */
export interface CrdConversion {
  readonly strategy: string;
  readonly webhook?: {
    readonly clientConfig?: CrdClientConfig;
    readonly conversionReviewVersions?: readonly string[];
  };
}

/** `spec`. */
export interface CrdSpec {
  readonly group: string;
  readonly names: CrdNames;
  readonly scope: string;
  readonly versions: readonly CrdVersion[];
  readonly conversion?: CrdConversion;
  readonly preserveUnknownFields?: boolean;
}

/** One of `status.conditions`. */
export interface CrdCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly lastTransitionTime?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** `status`. */
export interface CrdStatus {
  readonly conditions: readonly CrdCondition[] | null;
  readonly acceptedNames: CrdNames;
  readonly storedVersions: readonly string[];
}

/** A CustomResourceDefinition in the one version there is. */
export interface CustomResourceDefinition {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly spec: CrdSpec;
  readonly status?: CrdStatus;
}

/** The finalizer that keeps a CRD until its instances are gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

/** CRDs' own resource. */
export const crdResource = {
  group: "apiextensions.k8s.io",
  resource: "customresourcedefinitions",
} as const;

const noNames: CrdNames = { plural: "", kind: "" };

/** An object of the API as a CRD: its shape has been checked by the schema of CRDs. */
export function decodeCrd(object: KubernetesObject): CustomResourceDefinition {
  const crd = object as unknown as CustomResourceDefinition;
  if (crd.spec?.names && crd.spec.versions) return crd;
  const spec: Partial<CrdSpec> = crd.spec ?? {};
  return {
    ...crd,
    spec: {
      ...spec,
      group: spec.group ?? "",
      scope: spec.scope ?? "",
      names: spec.names ?? noNames,
      versions: spec.versions ?? [],
    },
  };
}

/** The reverse of `decodeCrd`. */
export function encodeCrd(crd: CustomResourceDefinition): KubernetesObject {
  return crd as unknown as KubernetesObject;
}

/** The condition of that type. */
export function conditionOf(crd: CustomResourceDefinition, type: string): CrdCondition | undefined {
  return crd.status?.conditions?.find((condition) => condition.type === type);
}

/** Whether the condition of that type is `True`. */
export function isConditionTrue(crd: CustomResourceDefinition, type: string): boolean {
  return conditionOf(crd, type)?.status === "True";
}

/** The names that have been accepted, or empty ones. */
export function acceptedNamesOf(crd: CustomResourceDefinition): CrdNames {
  return crd.status?.acceptedNames ?? noNames;
}

/** The version that is stored. */
export function storageVersionOf(crd: CustomResourceDefinition): string | undefined {
  return crd.spec.versions.find(({ storage }) => storage)?.name;
}
