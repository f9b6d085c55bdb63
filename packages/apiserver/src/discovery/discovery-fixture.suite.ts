import type { SchemaNode } from "@cellplane/apimachinery";
import { createResourceRegistry } from "../registry/create-resource-registry.ts";
import type { ResourceDefinition, ResourceVersion } from "../registry/resource.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../request/http-handler.ts";

const schema: SchemaNode = {
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

/** A version of a made-up resource. */
export function versionOf(version: string, rest: Partial<ResourceVersion> = {}): ResourceVersion {
  return {
    version,
    served: true,
    schema,
    openApi: () => ({ name: `test.${version}`, definitions: {} }),
    printer: { columns: [], cells: () => [] },
    hasStatus: false,
    selectableFields: [],
    ...rest,
  };
}

/** A made-up resource. */
export function definitionOf(
  rest: Partial<ResourceDefinition> & Pick<ResourceDefinition, "resource" | "kind">,
): ResourceDefinition {
  return {
    group: "",
    singular: rest.kind.toLowerCase(),
    listKind: `${rest.kind}List`,
    shortNames: [],
    categories: [],
    namespaced: true,
    versions: [versionOf("v1")],
    storageVersion: "v1",
    conversion: { kind: "none" },
    strategy: {
      tracksGeneration: true,
      allowsUnconditionalUpdate: true,
      allowsCreateOnUpdate: false,
      validateName: () => undefined,
    },
    verbs: ["create", "delete", "get", "list", "watch"],
    origin: "builtin",
    etag: "1",
    subresources: [],
    acceptsCreates: true,
    ...rest,
  };
}

/** A registry with ConfigMaps, Deployments and a CRD in two versions. */
export function registryFixture(): ResourceRegistry {
  const registry = createResourceRegistry();
  registry.put(definitionOf({ resource: "configmaps", kind: "ConfigMap", shortNames: ["cm"] }));
  registry.put(
    definitionOf({
      group: "apps",
      resource: "deployments",
      kind: "Deployment",
      categories: ["all"],
      versions: [
        versionOf("v1", {
          hasStatus: true,
          scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
        }),
      ],
    }),
  );
  registry.put(
    definitionOf({
      group: "ex.test",
      resource: "foos",
      kind: "Foo",
      origin: "crd",
      versions: [versionOf("v1beta1"), versionOf("v1"), versionOf("v2", { served: false })],
    }),
  );
  return registry;
}

/** Asks a handler as the server would. */
export async function ask(
  handler: HttpHandler,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  const url = new URL(path, "https://server.test");
  const request: HttpRequest = {
    method: "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: { host: "server.test", ...headers },
    user: { username: "admin", groups: [] },
    body: async () => Buffer.alloc(0),
    signal: new AbortController().signal,
  };
  return await handler.handle(request);
}
