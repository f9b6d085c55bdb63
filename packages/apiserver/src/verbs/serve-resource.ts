import {
  forbidden,
  type KubernetesObject,
  methodNotAllowed,
  type StatusError,
  unknownResource,
} from "@cellplane/apimachinery";
import { storedDefinition } from "../registry/resource-stores.ts";
import type { ServedResource } from "../registry/resource-registry.ts";
import type { ApiResponse } from "../request/api-response.ts";
import type { AuthorizedRequest } from "../request/incoming-request.ts";
import { pageNotFound } from "../request/status-response.ts";
import { serveCreate } from "./create.ts";
import { serveDelete } from "./delete.ts";
import { serveDeleteCollection } from "./delete-collection.ts";
import { serveGet } from "./get.ts";
import { serveList } from "./list.ts";
import { servePatch } from "./patch.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { serveSubresource } from "./subresource.ts";
import { unsupportedVerb } from "./unsupported-verb.ts";
import { serveUpdate } from "./update.ts";
import { serveVirtual } from "./virtual.ts";
import { serveWatch } from "./watch.ts";

/** Answers one verb of one resource. */
export type VerbHandler = (deps: VerbDependencies, target: ResourceRequest) => Promise<ApiResponse>;

const objectVerbs: Readonly<Record<string, VerbHandler>> = {
  get: serveGet,
  update: serveUpdate,
  patch: servePatch,
  delete: serveDelete,
};
const collectionVerbs: Readonly<Record<string, VerbHandler>> = {
  list: serveList,
  watch: serveWatch,
  create: serveCreate,
  deletecollection: serveDeleteCollection,
};

/** Serves a request to a resource. @throws {StatusError} 404, 405 and what the verb refuses */
export async function serveResource(
  deps: VerbDependencies,
  request: AuthorizedRequest,
): Promise<ApiResponse> {
  const { info, method } = request;
  const served = deps.registry.find(info.group, info.version, info.resource);
  if (!served) return answerUnknown(deps, request);
  const { definition, version } = served;
  const store = deps.stores.of(storedDefinition(deps.registry, definition));
  const protobuf = definition.origin === "builtin" ? deps.protobuf : undefined;
  const target: ResourceRequest = { request, definition, version, store, protobuf };
  if (version.deprecationWarning !== undefined) request.warnings.push(version.deprecationWarning);
  if (definition.virtual) return await serveVirtual(deps, target);
  const isObject = hasObjectPath(request);
  if (isOutOfScope(served, request, isObject)) return pageNotFound();
  if (method === "HEAD" || method === "OPTIONS") throw methodNotAllowed();
  if (info.subresource !== "") return await serveSubresource(deps, target);
  const handler = (isObject ? objectVerbs : collectionVerbs)[info.verb];
  // A CRD on its way out lists fewer verbs than it serves: finalizers must still go.
  const isListed = definition.origin === "crd" || definition.verbs.includes(info.verb);
  if (!handler || !isListed) throw unsupportedVerb(definition, info.verb);
  if (info.verb === "create" && !definition.acceptsCreates) throw await refusedCreate(target);
  return await handler(deps, target);
}

/** A name in the path, not in a selector, makes a request one to an object. */
function hasObjectPath({ info }: AuthorizedRequest): boolean {
  if (info.name === "") return false;
  return info.verb !== "list" && info.verb !== "watch" && info.verb !== "deletecollection";
}

/**
 * Whether the path is none of the resource's: a namespaced object has none without a namespace, a
 * cluster-wide one none within. Built-in kinds then answer with a Status.
 */
function isOutOfScope(
  { definition }: ServedResource,
  { info }: AuthorizedRequest,
  isObject: boolean,
): boolean {
  const { namespaced, origin } = definition;
  const isNamespaceItself = definition.group === "" && definition.resource === "namespaces";
  if (isNamespaceItself || namespaced === (info.namespace !== "")) return false;
  const crossesNamespaces = info.verb === "list" || info.verb === "watch";
  if (namespaced && !isObject && crossesNamespaces) return false;
  if (origin === "crd") return true;
  if (namespaced && !isObject) throw methodNotAllowed();
  throw unknownResource();
}

/** 403 with the name that the object would have had. */
async function refusedCreate({ definition, request }: ResourceRequest): Promise<StatusError> {
  const { group, resource } = definition;
  const name = await readName(request);
  const why = "create not allowed while custom resource definition is terminating";
  return forbidden({ group, resource, name }, why);
}

async function readName(request: AuthorizedRequest): Promise<string> {
  try {
    const object = JSON.parse((await request.body()).toString()) as Partial<KubernetesObject>;
    return object.metadata?.name ?? "";
  } catch {
    return "";
  }
}

// Of a group that has no such version, or of none at all, there is no Status but a page.
function answerUnknown(deps: VerbDependencies, { info }: AuthorizedRequest): ApiResponse {
  const ofGroup = deps.registry.list().filter(({ group }) => group === info.group);
  if (ofGroup.length === 0) return pageNotFound();
  const hasVersion = ofGroup.some(({ versions }) =>
    versions.some(({ version, served }) => served && version === info.version),
  );
  if (hasVersion || ofGroup.some(({ origin }) => origin === "builtin")) throw unknownResource();
  return pageNotFound();
}
