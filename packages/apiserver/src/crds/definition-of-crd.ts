import { compileCustomResourceSchema, type JsonObject } from "@cellplane/apimachinery";
import type { FindDefinition } from "../discovery/open-api/open-api-types.ts";
import { compareVersions } from "../discovery/version-priority.ts";
import type {
  PublishedSchema,
  ResourceConversion,
  ResourceDefinition,
  ResourceVersion,
  ScalePaths,
} from "../registry/resource.ts";
import { createColumnPrinter } from "./column-printer.ts";
import {
  acceptedNamesOf,
  type CrdSpec,
  type CrdSubresources,
  type CrdVersion,
  type CustomResourceDefinition,
  isConditionTrue,
  storageVersionOf,
} from "./custom-resource-definition.ts";
import { createCustomResourceStrategy } from "./custom-resource-strategy.ts";
import { publishCrdSchema } from "./published-schema.ts";

/** What it takes to serve a CRD beyond the CRD. */
export interface DefinitionDependencies {
  /** Built-in schemas, for ObjectMeta in OpenAPI. */
  readonly findDefinition: FindDefinition;
  readonly conversionOf: (crd: CustomResourceDefinition) => ResourceConversion;
}

const allVerbs = "delete deletecollection get list patch create update watch".split(" ");
const terminatingVerbs = "delete deletecollection get list watch".split(" ");

/** Changes whenever the definition would. */
export function computeDefinitionEtag(crd: CustomResourceDefinition): string {
  const { uid = "", generation = 0 } = crd.metadata;
  const isTerminating = isConditionTrue(crd, "Terminating");
  return JSON.stringify([uid, generation, acceptedNamesOf(crd), isTerminating]);
}

/** The resource that an established CRD defines. */
export function createDefinitionOfCrd(
  crd: CustomResourceDefinition,
  deps: DefinitionDependencies,
): ResourceDefinition {
  const { spec } = crd;
  const names = acceptedNamesOf(crd);
  const versions = spec.versions
    .toSorted((left, right) => compareVersions(left.name, right.name))
    .map((version) => createVersion(crd, version, deps));
  const isTerminating = isConditionTrue(crd, "Terminating");
  return {
    group: spec.group,
    resource: spec.names.plural,
    singular: names.singular ?? spec.names.kind.toLowerCase(),
    kind: spec.names.kind,
    listKind: spec.names.listKind ?? `${spec.names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === "Namespaced",
    versions,
    storageVersion: storageVersionOf(crd) ?? "",
    conversion: deps.conversionOf(crd),
    strategy: createCustomResourceStrategy({ kind: spec.names.kind, versions }),
    verbs: isTerminating ? terminatingVerbs : allVerbs,
    origin: "crd",
    etag: computeDefinitionEtag(crd),
    subresources: [],
    acceptsCreates: !isTerminating,
  };
}

function createVersion(
  crd: CustomResourceDefinition,
  version: CrdVersion,
  deps: DefinitionDependencies,
): ResourceVersion {
  const scale = scalePathsOf(version.subresources);
  let published: PublishedSchema | undefined;
  return {
    version: version.name,
    served: version.served,
    schema: compileCustomResourceSchema(
      (version.schema?.openAPIV3Schema ?? { type: "object" }) as JsonObject,
    ),
    openApi: () => (published ??= publishCrdSchema(crd, version, deps.findDefinition)),
    printer: createColumnPrinter(version.additionalPrinterColumns ?? []),
    hasStatus: version.subresources?.status !== undefined,
    ...(scale ? { scale } : {}),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.slice(1)),
    ...(version.deprecated ? { deprecationWarning: warnOfVersion(version, crd.spec) } : {}),
  };
}

function scalePathsOf(subresources: CrdSubresources | undefined): ScalePaths | undefined {
  const scale = subresources?.scale;
  if (!scale?.specReplicasPath || !scale.statusReplicasPath) return undefined;
  return {
    specReplicasPath: scale.specReplicasPath,
    statusReplicasPath: scale.statusReplicasPath,
    ...(scale.labelSelectorPath ? { labelSelectorPath: scale.labelSelectorPath } : {}),
  };
}

function warnOfVersion(version: CrdVersion, { group, names, versions }: CrdSpec): string {
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const text = `${group}/${version.name} ${names.kind} is deprecated`;
  const better = versions
    .filter(
      ({ served, deprecated, name }) =>
        served && !deprecated && compareVersions(name, version.name) < 0,
    )
    .toSorted((left, right) => compareVersions(left.name, right.name))[0];
  return better ? `${text}; use ${group}/${better.name} ${names.kind}` : text;
}
