import { isJsonEqual, type JsonValue } from "@cellplane/apimachinery";
import type {
  CrdColumn,
  CrdSchema,
  CrdSelectableField,
  CrdSpec,
  CrdSubresources,
  CrdVersion,
} from "../custom-resource-definition.ts";

/**
 * A spec as Kubernetes' validation sees it: what is the same in all versions stands at the top and
 * not in the versions, so that its errors are told once, under another path.
 */
export interface HoistedSpec {
  readonly spec: CrdSpec;
  readonly versions: readonly CrdVersion[];
  readonly validation: CrdSchema | undefined;
  readonly subresources: CrdSubresources | undefined;
  readonly additionalPrinterColumns: readonly CrdColumn[] | undefined;
  readonly selectableFields: readonly CrdSelectableField[] | undefined;
}

const hoistable = [
  "schema",
  "subresources",
  "additionalPrinterColumns",
  "selectableFields",
] as const;

/** Moves what all versions share to the top. */
export function hoistSpec(spec: CrdSpec): HoistedSpec {
  const first = spec.versions[0];
  const shared = new Set(
    hoistable.filter((name) =>
      spec.versions.every((version) => isSame(version[name], first?.[name])),
    ),
  );
  const take = <Name extends (typeof hoistable)[number]>(
    name: Name,
  ): CrdVersion[Name] | undefined => (shared.has(name) ? first?.[name] : undefined);
  return {
    spec,
    versions: spec.versions.map((version) => lower(version, shared)),
    validation: take("schema"),
    subresources: take("subresources"),
    additionalPrinterColumns: take("additionalPrinterColumns"),
    selectableFields: take("selectableFields"),
  };
}

function lower(version: CrdVersion, shared: ReadonlySet<keyof CrdVersion>): CrdVersion {
  const { schema, subresources, additionalPrinterColumns, selectableFields, ...rest } = version;
  return {
    ...rest,
    ...(schema && !shared.has("schema") ? { schema } : {}),
    ...(subresources && !shared.has("subresources") ? { subresources } : {}),
    ...(additionalPrinterColumns && !shared.has("additionalPrinterColumns")
      ? { additionalPrinterColumns }
      : {}),
    ...(selectableFields && !shared.has("selectableFields") ? { selectableFields } : {}),
  };
}

// An empty list is the same as none, as in Kubernetes' comparison.
function isSame(left: object | undefined, right: object | undefined): boolean {
  return isJsonEqual(normalize(left), normalize(right));
}

function normalize(value: object | undefined): JsonValue | undefined {
  return Array.isArray(value) && value.length === 0 ? undefined : (asJson(value) ?? undefined);
}

function asJson(value: object | undefined): JsonValue {
  return (value ?? null) as JsonValue;
}
