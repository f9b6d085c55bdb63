import {
  formatGroupVersion,
  type GroupVersionKind,
  type JsonObject,
} from "@cellplane/apimachinery";
import type { CatalogResource } from "../api-catalog.ts";
import { listSubresources } from "../subresources.ts";
import { refersTo } from "./open-api-types.ts";
import { type Action, pathParametersOf, queryParametersOf } from "./parameters.ts";
import type { ResourceSchemas } from "./resource-schemas.ts";

/** Everything under one URL. */
interface Endpoint {
  readonly path: string;
  readonly methods: Readonly<Record<string, Method>>;
}

interface Method {
  readonly action: Action;
  /** As operation ids begin: `readCoreV1`, `listAppsV1`. */
  readonly word: string;
  readonly kind: GroupVersionKind;
  /** What comes after the kind in the operation id. */
  readonly suffix: string;
  /** Definition names. */
  readonly body?: string;
  readonly answer: string;
}

/** Content types, by what is sent or answered. */
interface MediaTypes {
  readonly object: readonly string[];
  readonly list: readonly string[];
  readonly body: readonly string[];
  readonly patch: readonly string[];
}

const customObject = ["application/json", "application/yaml"];
const customMediaTypes: MediaTypes = {
  object: customObject,
  list: customObject,
  body: customObject,
  patch: [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
  ],
};
const builtinObject = [
  "application/json",
  "application/vnd.kubernetes.protobuf",
  "application/yaml",
];
const builtinMediaTypes: MediaTypes = {
  object: builtinObject,
  list: [
    ...builtinObject,
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
  ],
  body: ["*/*"],
  // kubectl sends a strategic patch to whatever says that it takes one.
  patch: [...customMediaTypes.patch, "application/strategic-merge-patch+json"],
};
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** The `paths` of one resource in one version. */
export function renderResourcePaths(
  resource: CatalogResource,
  schemas: ResourceSchemas,
): Readonly<Record<string, JsonObject>> {
  const endpoints = [
    ...mainEndpoints(resource, schemas),
    ...listSubresources(resource).map(({ name, gvk, verbs }) =>
      subresourceEndpoint(resource, { name, verbs, gvk: gvk ?? kindOf(resource), schemas }),
    ),
  ];
  return Object.fromEntries(
    endpoints
      .filter(({ methods }) => Object.keys(methods).length > 0)
      .map((endpoint) => [endpoint.path, renderEndpoint(resource, endpoint)]),
  );
}

function mainEndpoints(resource: CatalogResource, schemas: ResourceSchemas): readonly Endpoint[] {
  const { definition } = resource;
  const collection = collectionPath(resource);
  const kind = kindOf(resource);
  const { object, list } = schemas;
  const verbs = new Set(definition.verbs);
  const has = (verb: string, methods: Readonly<Record<string, Method>>): typeof methods =>
    verbs.has(verb) ? methods : {};
  const status = `${meta}.Status`;
  const listed: Method = { action: "list", word: "list", kind, suffix: "", answer: list };
  const all: Method = { ...listed, suffix: "ForAllNamespaces" };
  return [
    ...(definition.namespaced && verbs.has("list")
      ? [{ path: `${versionPath(resource)}/${definition.resource}`, methods: { get: all } }]
      : []),
    {
      path: collection,
      methods: {
        ...has("list", { get: listed }),
        ...has("create", {
          post: { action: "post", word: "create", kind, suffix: "", body: object, answer: object },
        }),
        ...has("deletecollection", {
          delete: {
            action: "deletecollection",
            word: "deleteCollection",
            kind,
            suffix: "",
            body: `${meta}.DeleteOptions`,
            answer: status,
          },
        }),
      },
    },
    {
      path: `${collection}/{name}`,
      methods: {
        ...has("get", { get: { action: "get", word: "read", kind, suffix: "", answer: object } }),
        ...has("update", {
          put: { action: "put", word: "replace", kind, suffix: "", body: object, answer: object },
        }),
        ...has("delete", {
          delete: {
            action: "delete",
            word: "delete",
            kind,
            suffix: "",
            body: `${meta}.DeleteOptions`,
            answer: status,
          },
        }),
        ...has("patch", { patch: patchMethod(kind, object, "") }),
      },
    },
  ];
}

function patchMethod(kind: GroupVersionKind, answer: string, suffix: string): Method {
  return { action: "patch", word: "patch", kind, suffix, body: `${meta}.Patch`, answer };
}

function subresourceEndpoint(
  resource: CatalogResource,
  sub: {
    readonly name: string;
    readonly verbs: readonly string[];
    readonly gvk: GroupVersionKind;
    readonly schemas: ResourceSchemas;
  },
): Endpoint {
  const { gvk: kind, schemas } = sub;
  const suffix = `${sub.name.slice(0, 1).toUpperCase()}${sub.name.slice(1)}`;
  const object = schemas.ofKind(kind);
  const methods: Readonly<Record<string, Readonly<Record<string, Method>>>> = {
    get: { get: { action: "get", word: "read", kind, suffix, answer: object } },
    update: { put: { action: "put", word: "replace", kind, suffix, body: object, answer: object } },
    patch: { patch: patchMethod(kind, object, suffix) },
    create: {
      post: { action: "post", word: "create", kind, suffix, body: object, answer: object },
    },
  };
  return {
    path: `${collectionPath(resource)}/{name}/${sub.name}`,
    methods: Object.assign(
      {},
      ...sub.verbs.map((verb) => methods[verb] ?? {}),
    ) as Endpoint["methods"],
  };
}

function renderEndpoint(resource: CatalogResource, { path, methods }: Endpoint): JsonObject {
  const parameters = pathParametersOf(path);
  return {
    ...Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [name, renderMethod(resource, method)]),
    ),
    ...(parameters.length > 0 ? { parameters } : {}),
  };
}

function renderMethod(resource: CatalogResource, method: Method): JsonObject {
  const { action, kind } = method;
  const media = resource.definition.origin === "crd" ? customMediaTypes : builtinMediaTypes;
  const answer = describeAnswer(method, media);
  const statuses = ["200", ...(action === "post" ? ["201", "202"] : [])].concat(
    action === "put" || action === "patch" ? ["201"] : [],
  );
  return {
    tags: [groupName(resource, { separator: "_" })],
    operationId: operationId(resource, method),
    parameters: queryParametersOf(action),
    ...(method.body === undefined ? {} : { requestBody: describeBody(method.body, action, media) }),
    responses: {
      ...Object.fromEntries(statuses.map((status) => [status, answer])),
      "401": { description: "Unauthorized" },
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": {
      group: kind.group,
      kind: kind.kind,
      version: kind.version,
    },
  };
}

function describeBody(name: string, action: Action, media: MediaTypes): JsonObject {
  const isDeletion = action === "delete" || action === "deletecollection";
  const types = action === "patch" ? media.patch : isDeletion ? ["*/*"] : media.body;
  return {
    content: Object.fromEntries(types.map((type) => [type, { schema: refersTo(name) }])),
    ...(isDeletion ? {} : { required: true }),
  };
}

function describeAnswer({ action, answer }: Method, media: MediaTypes): JsonObject {
  const types = action === "list" ? media.list : media.object;
  return {
    description: "OK",
    content: Object.fromEntries(types.map((type) => [type, { schema: refersTo(answer) }])),
  };
}

function operationId(resource: CatalogResource, { word, suffix, action }: Method): string {
  const { definition } = resource;
  const group = groupName(resource, { separator: "" });
  const scope = definition.namespaced && suffix !== "ForAllNamespaces" ? "Namespaced" : "";
  const verb = action === "deletecollection" ? "delete" : word;
  const collection = action === "deletecollection" ? "Collection" : "";
  return `${verb}${group}${collection}${scope}${definition.kind}${suffix}`;
}

/** `CoreV1`, `RbacAuthorizationV1`, or with a separator `rbacAuthorization_v1`. */
function groupName(
  { definition, version }: CatalogResource,
  { separator }: { readonly separator: string },
): string {
  const group = definition.group === "" ? "core" : definition.group.replace(/\.k8s\.io$/, "");
  const words = [...group.split(/[.-]/), ...(separator === "" ? [version.version] : [])];
  const [first = "", ...rest] = words;
  const camel = [separator === "" ? capitalize(first) : first, ...rest.map(capitalize)].join("");
  return separator === "" ? camel : `${camel}${separator}${version.version}`;
}

function capitalize(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}

function kindOf({ definition, version }: CatalogResource): GroupVersionKind {
  return { group: definition.group, version: version.version, kind: definition.kind };
}

function versionPath({ definition, version }: CatalogResource): string {
  const gv = { group: definition.group, version: version.version };
  return `/${definition.group === "" ? "api" : "apis"}/${formatGroupVersion(gv)}`;
}

function collectionPath(resource: CatalogResource): string {
  const { definition } = resource;
  const scope = definition.namespaced ? "/namespaces/{namespace}" : "";
  return `${versionPath(resource)}${scope}/${definition.resource}`;
}
