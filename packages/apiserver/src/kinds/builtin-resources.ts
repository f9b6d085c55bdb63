import type { JsonObject } from "@cellplane/apimachinery";
import type {
  PublishedSchema,
  ResourceConversion,
  ResourceDefinition,
  ResourceVersion,
  ScalePaths,
  SubresourceDefinition,
} from "../registry/resource.ts";
import { builtinPrinter } from "./printers/builtin-printer.ts";
import { builtinRules } from "./strategies/builtin-rules.ts";
import { builtinStrategy } from "./strategies/builtin-strategy.ts";
import type { KindRules } from "./strategies/kind-rules.ts";
import {
  builtinHandlers,
  type HandlersByPath,
  unservedHandler,
} from "./subresources/builtin-handlers.ts";
import { type BuiltinDefinitions, loadBuiltinDefinitions } from "./table/builtin-definitions.ts";
import { builtinResources, type BuiltinResourceRow } from "./table/builtin-resources.ts";

/** What built-in resources are made with. */
export interface BuiltinResourceOptions {
  /** Of reviews and tokens: `authentication.k8s.io/tokenreviews`, `/serviceaccounts/token`, … */
  readonly handlers?: HandlersByPath;
}

/** Served by others: CustomResourceDefinitions by the folder `crds`. */
const servedElsewhere: ReadonlySet<string> = new Set([
  "apiextensions.k8s.io/customresourcedefinitions",
]);

/** Stored in another version than the preferred one, or as another resource. */
const aliases: Readonly<Record<string, { readonly group: string; readonly resource: string }>> = {
  "events.k8s.io/events": { group: "", resource: "events" },
};

/** Versions whose every answer warns. */
const deprecations: Readonly<Record<string, string>> = {
  "/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  "/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
};

/** Every resource that the API server has by itself, but for CustomResourceDefinitions. */
export function builtinResourceDefinitions(
  options: BuiltinResourceOptions = {},
): readonly ResourceDefinition[] {
  const handlers = { ...builtinHandlers, ...options.handlers };
  const definitions = loadBuiltinDefinitions();
  const rows = Map.groupBy(builtinResources(), keyOf);
  return Array.from(rows).flatMap(([key, versions]) =>
    servedElsewhere.has(key) ? [] : [defineResource(versions, { handlers, definitions })],
  );
}

interface Making {
  readonly handlers: HandlersByPath;
  readonly definitions: BuiltinDefinitions;
}

/** One resource from its rows, one a version, the preferred version first. */
function defineResource(rows: readonly BuiltinResourceRow[], making: Making): ResourceDefinition {
  const [row] = rows;
  if (!row) throw new Error("Cannot define a resource that has no version");
  const key = keyOf(row);
  const rules = builtinRules[key] ?? {};
  const hasStatus = row.subresources.some(({ name }) => name === "status");
  const types = rows.map((each) => [groupVersionOf(each), goType(each, making)] as const);
  const alias = aliases[key];
  const virtual = isVirtual(row) ? handlerOf(key, making) : undefined;
  return {
    group: row.group,
    resource: row.resource,
    singular: row.singular,
    kind: row.kind,
    listKind: `${row.kind}List`,
    shortNames: row.shortNames,
    categories: row.categories,
    namespaced: row.namespaced,
    versions: rows.map((each) => defineVersion(each, rules, making)),
    storageVersion: row.version,
    conversion: conversionOf(rules),
    strategy: builtinStrategy(rules, { types: Object.fromEntries(types), hasStatus }),
    verbs: row.verbs,
    origin: "builtin",
    etag: `${key}/${rows.map(({ version }) => version).join(",")}`,
    subresources: defineSubresources(row, making),
    acceptsCreates: true,
    ...(virtual === undefined ? {} : { virtual }),
    ...(alias === undefined ? {} : { aliasOf: alias }),
  };
}

function defineVersion(
  row: BuiltinResourceRow,
  rules: KindRules,
  { definitions }: Making,
): ResourceVersion {
  const name = definitions.nameOf(row) ?? "";
  const scale = row.subresources.some((each) => each.name === "scale") ? scalePaths : undefined;
  const warning = deprecations[keyOf(row)];
  return {
    version: row.version,
    served: true,
    // Compiled when it is first needed: most servers see few of the kinds.
    get schema() {
      return schemaOf(name, definitions);
    },
    openApi: () => publish(name, definitions),
    printer: builtinPrinter(row),
    hasStatus: row.subresources.some((each) => each.name === "status"),
    selectableFields: rules.selectableFields ?? [],
    ...(scale === undefined ? {} : { scale }),
    ...(warning === undefined ? {} : { deprecationWarning: warning }),
  };
}

const scalePaths: ScalePaths = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: ".spec.selector",
};

/** Those that need no handler (`status`, `scale`) are no definitions. */
function defineSubresources(
  row: BuiltinResourceRow,
  making: Making,
): readonly SubresourceDefinition[] {
  return row.subresources
    .filter(({ name }) => name !== "status" && name !== "scale")
    .map(({ name, group, version, kind, verbs }) => ({
      name,
      gvk: { group, version, kind },
      verbs,
      get schema() {
        return schemaOf(
          making.definitions.nameOf({ group, version, kind }) ?? "",
          making.definitions,
        );
      },
      handle: handlerOf(`${keyOf(row)}/${name}`, making),
    }));
}

/** What is created and never read: reviews, bindings. */
function isVirtual(row: BuiltinResourceRow): boolean {
  return row.verbs.length === 1 && row.verbs[0] === "create";
}

function handlerOf(path: string, { handlers }: Making): SubresourceDefinition["handle"] {
  return handlers[path] ?? unservedHandler(path);
}

function conversionOf({ convert }: KindRules): ResourceConversion {
  return convert === undefined ? { kind: "none" } : { kind: "inProcess", convert };
}

function schemaOf(name: string, definitions: BuiltinDefinitions): ResourceVersion["schema"] {
  return definitions.schemaOf(name) ?? anyObject;
}

/** Of kinds that exist only as parameters of a path, such as PodExecOptions. */
const anyObject: ResourceVersion["schema"] = {
  type: "object",
  properties: new Map(),
  additionalProperties: true,
  items: undefined,
  required: [],
  nullable: false,
  defaultValue: undefined,
  preserveUnknownFields: true,
  embeddedResource: false,
  intOrString: false,
  listType: undefined,
  listMapKeys: [],
  atomicMap: false,
  patchMergeKey: undefined,
  patchStrategy: [],
  hasDefaults: false,
  rules: {},
};

function publish(name: string, definitions: BuiltinDefinitions): PublishedSchema {
  const published = definitions
    .closureOf(name)
    .map((each): [string, JsonObject] => [each, definitions.openApi(each, "v3") ?? {}]);
  return { name, definitions: Object.fromEntries(published) };
}

/** `core.v1.Pod`: how the shapes name a type. */
function goType(row: BuiltinResourceRow, { definitions }: Making): string {
  return (definitions.nameOf(row) ?? "").split(".").slice(-3).join(".");
}

function keyOf({ group, resource }: { readonly group: string; readonly resource: string }): string {
  return `${group}/${resource}`;
}

function groupVersionOf({ group, version }: BuiltinResourceRow): string {
  return group === "" ? version : `${group}/${version}`;
}
