import {
  badRequest,
  methodNotAllowed,
  stringifyJson,
  unknownResource,
} from "@cellplane/apimachinery";
import {
  type Authorizer,
  forbiddenRequest,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
} from "@cellplane/apiserver";
import type { InspectedRef, Inspector } from "@cellplane/controllers";
import { groups, topologyViewVersion } from "@cellplane/federation";

/** The API group of what can be asked of running controllers. */
export const inspectGroup = "inspect.cellplane.io";

/**
 * Serves `GET /apis/inspect.cellplane.io/v1alpha1[/namespaces/NS]/PLURAL/NAME/WHAT`, where WHAT is
 * `explain`, `diff` or `history`, to whoever may `get` that federated object. `?topology=` names
 * one topology, `?revision=` the kept revision to compare with. PLURAL is that of the federated
 * kind, with its group where that is not `types.kubefed.io`.
 */
export function createInspectHandler(inspector: Inspector, authorize: Authorizer): HttpHandler {
  return {
    apiGroup: inspectGroup,
    handles: () => false,
    handle: async (request) => {
      const { ref, what } = parsePath(request.path);
      if (request.method !== "GET") throw methodNotAllowed();
      checkAccess(request, ref, authorize);
      return answer(await inspect(inspector, { ref, what }, request));
    },
  };
}

interface Question {
  readonly ref: InspectedRef;
  readonly what: string;
}

function parsePath(path: string): Question {
  const [, , , version, ...rest] = path.split("/").map(decodePart);
  const [namespaces, namespace, ...inNamespace] = rest;
  const isNamespaced = namespaces === "namespaces" && inNamespace.length > 0;
  const [plural = "", name = "", what = "", ...more] = isNamespaced ? inNamespace : rest;
  if (version !== "v1alpha1" || what === "" || more.length > 0) throw unknownResource();
  const dot = plural.indexOf(".");
  const federated =
    dot === -1
      ? { group: groups.types, resource: plural }
      : { group: plural.slice(dot + 1), resource: plural.slice(0, dot) };
  return { ref: { federated, name, ...(isNamespaced && namespace ? { namespace } : {}) }, what };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`Cannot read the path as it must be escaped: it has ${JSON.stringify(part)}`);
  }
}

function checkAccess({ user, path }: HttpRequest, ref: InspectedRef, authorize: Authorizer): void {
  const attributes = {
    isResourceRequest: true,
    path,
    verb: "get",
    ...ref.federated,
    version: topologyViewVersion,
    namespace: ref.namespace ?? "",
    subresource: "",
    name: ref.name,
  };
  const { allowed, reason } = authorize(user, attributes);
  if (!allowed) throw forbiddenRequest(user, attributes, reason);
}

async function inspect(
  inspector: Inspector,
  { ref, what }: Question,
  { query, signal }: HttpRequest,
): Promise<object> {
  const topology = query.get("topology");
  const one = topology === null || topology === "" ? {} : { topology };
  switch (what) {
    case "explain":
      return inspector.explain(ref, one);
    case "history":
      return inspector.history(ref, one);
    case "diff":
      return inspector.diff(ref, { ...one, ...parseRevision(query.get("revision")) }, signal);
    default:
      throw unknownResource();
  }
}

function parseRevision(text: string | null): { readonly revision?: number } {
  if (text === null || text === "") return {};
  const revision = Number(text);
  if (Number.isSafeInteger(revision) && revision > 0) return { revision };
  throw badRequest(
    `Cannot compare as revision must be a positive whole number: it is ${JSON.stringify(text)}`,
  );
}

function answer(value: object): HttpResponse {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: `${stringifyJson(value)}\n`,
  };
}
