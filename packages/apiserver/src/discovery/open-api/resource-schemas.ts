import type { GroupVersionKind, JsonObject } from "@cellplane/apimachinery";
import type { CatalogResource } from "../api-catalog.ts";
import { closeOver } from "./close-over.ts";
import { type FindDefinition, refersTo, type Schemas } from "./open-api-types.ts";

/** The definitions that the operations of a resource need. */
export interface ResourceSchemas {
  /** Name of the resource's own definition. */
  readonly object: string;
  /** Name of its list's. */
  readonly list: string;
  /** Name of the definition of a subresource's kind. */
  readonly ofKind: (gvk: GroupVersionKind) => string;
  readonly definitions: Schemas;
}

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const common = ["DeleteOptions", "ListMeta", "Patch", "Status"].map((name) => `${meta}.${name}`);

/** Collects the definitions of a resource with all that they refer to. */
export function collectResourceSchemas(
  resource: CatalogResource,
  find: FindDefinition,
): ResourceSchemas {
  const { definition, version } = resource;
  const published = version.openApi();
  const list = `${published.name.slice(0, published.name.lastIndexOf("."))}.${definition.listKind}`;
  const kinds = [
    ...(version.scale ? [scaleKind] : []),
    ...definition.subresources.map(({ gvk }) => gvk),
  ].map(builtinName);
  const has = (name: string): boolean =>
    published.definitions[name] !== undefined || find(name) !== undefined;
  const own: GroupVersionKind = {
    group: definition.group,
    version: version.version,
    kind: definition.kind,
  };
  const generated = {
    ...(has(list) ? {} : { [list]: renderList(own, published.name, definition.listKind) }),
    ...Object.fromEntries(kinds.filter((name) => !has(name)).map((name) => [name, anyObject])),
    ...Object.fromEntries(common.filter((name) => !has(name)).map((name) => [name, anyObject])),
  };
  const findAny: FindDefinition = (name) =>
    published.definitions[name] ?? find(name) ?? generated[name];
  return {
    object: published.name,
    list,
    ofKind: (gvk) =>
      gvk.group === own.group && gvk.version === own.version && gvk.kind === own.kind
        ? published.name
        : builtinName(gvk),
    definitions: closeOver([published.name, list, ...kinds, ...common], findAny),
  };
}

const scaleKind: GroupVersionKind = { group: "autoscaling", version: "v1", kind: "Scale" };
const anyObject: JsonObject = { type: "object" };

/** `io.k8s.api.authentication.v1.TokenRequest`. */
function builtinName({ group, version, kind }: GroupVersionKind): string {
  return `io.k8s.api.${group === "" ? "core" : group.split(".")[0]}.${version}.${kind}`;
}

function renderList(gvk: GroupVersionKind, item: string, listKind: string): JsonObject {
  return {
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { allOf: [refersTo(`${meta}.ListMeta`)], default: {} },
      items: { type: "array", items: { allOf: [refersTo(item)], default: {} } },
    },
    "x-kubernetes-group-version-kind": [{ group: gvk.group, kind: listKind, version: gvk.version }],
  };
}
