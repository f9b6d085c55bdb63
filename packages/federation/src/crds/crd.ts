import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";

/** One column of `kubectl get`. */
export type PrinterColumn = {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
};

/** One version of a kind. */
export interface CrdVersion {
  readonly name: string;
  readonly storage: boolean;
  readonly schema: JsonObject;
  readonly status: "subresource" | "none";
  readonly columns: readonly PrinterColumn[];
}

/** A kind to be served. */
export interface CrdInput {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: "Cluster" | "Namespaced";
  readonly versions: readonly CrdVersion[];
  /** `spec.conversion`; absent is None. */
  readonly conversion?: JsonObject;
}

/** How old an object is. */
export const ageColumn: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
};

/** A CustomResourceDefinition of these versions. */
export function createCrd(input: CrdInput): KubernetesObject {
  const { group, kind, plural, shortNames = [], categories = [], scope, versions } = input;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortNames.length > 0 ? { shortNames } : {}),
        ...(categories.length > 0 ? { categories } : {}),
      },
      scope,
      ...(input.conversion === undefined ? {} : { conversion: input.conversion }),
      versions: versions.map(versionOf),
    },
  };
}

function versionOf({ name, storage, schema, status, columns }: CrdVersion): JsonObject {
  return {
    name,
    served: true,
    storage,
    ...(columns.length > 0 ? { additionalPrinterColumns: columns } : {}),
    schema: { openAPIV3Schema: schema },
    ...(status === "subresource" ? { subresources: { status: {} } } : {}),
  };
}
