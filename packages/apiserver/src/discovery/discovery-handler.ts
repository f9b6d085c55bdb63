import { type JsonObject, stringifyJson, unknownResource } from "@cellplane/apimachinery";
import type { HttpHandler, HttpRequest, HttpResponse } from "../request/http-handler.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import { admits, type MediaRange, parseAccept } from "./accept.ts";
import {
  type AggregatedVersion,
  aggregatedVersions,
  renderAggregated,
} from "./aggregated-document.ts";
import { type CatalogGroup, createCatalog, perGeneration } from "./api-catalog.ts";
import {
  answerJson,
  answerNoSuchPath,
  computeDocumentHash,
  matchesHash,
  notAcceptable,
} from "./http-answers.ts";
import {
  renderApiVersions,
  renderGroup,
  renderGroupList,
  renderResourceList,
} from "./legacy-documents.ts";

const plainTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const discoveryPath = /^\/(?:api(?:\/[^/]+)?|apis(?:\/[^/]+(?:\/[^/]+)?)?)\/?$/;

interface RenderedDocument {
  readonly body: string;
  readonly hash: string;
}

interface Documents {
  readonly catalog: () => readonly CatalogGroup[];
  readonly aggregated: (root: "api" | "apis", version: AggregatedVersion) => RenderedDocument;
}

/**
 * Serves `/api`, `/apis` and what lies below them down to a group version, in the old form and as
 * aggregated discovery (`apidiscovery.k8s.io`), from documents rendered once a registry generation.
 */
export function createDiscoveryHandler(registry: ResourceRegistry): HttpHandler {
  const catalog = createCatalog(registry);
  const rendered = perGeneration(registry, () => new Map<string, RenderedDocument>());
  const documents: Documents = {
    catalog,
    aggregated: (root, version) =>
      rendered().getOrInsertComputed(`${root} ${version}`, () => {
        const groups = catalog().filter(({ name }) => (name === "") === (root === "api"));
        const body = `${stringifyJson(renderAggregated(groups, version))}\n`;
        return { body, hash: computeDocumentHash(body) };
      }),
  };
  return {
    handles: (path) => discoveryPath.test(path),
    handle: (request) => route(documents, request),
  };
}

function route(documents: Documents, request: HttpRequest): HttpResponse {
  const [root, first, second] = request.path.split("/").filter((part) => part !== "");
  if (root === "api")
    return first === undefined
      ? answerRoot(documents, request, "api")
      : answerVersion(documents.catalog(), { group: "", version: first });
  if (first === undefined) return answerRoot(documents, request, "apis");
  if (second === undefined) {
    const group = documents.catalog().find(({ name }) => name === first);
    return group && first !== "" ? answerJson(renderGroup(group)) : answerNoSuchPath();
  }
  return answerVersion(documents.catalog(), { group: first, version: second });
}

function answerVersion(
  catalog: readonly CatalogGroup[],
  asked: { readonly group: string; readonly version: string },
): HttpResponse {
  const group = catalog.find(({ name }) => name === asked.group);
  if (!group) return answerNoSuchPath();
  const served = group.versions.find(({ version }) => version === asked.version);
  if (served) return answerJson(renderResourceList(served));
  // Only groups made of CRDs alone answer like an unknown path.
  const isBuiltin = group.versions.some(({ resources }) =>
    resources.some(({ definition }) => definition.origin === "builtin"),
  );
  if (isBuiltin) throw unknownResource();
  return answerNoSuchPath();
}

function answerRoot(
  documents: Documents,
  request: HttpRequest,
  root: "api" | "apis",
): HttpResponse {
  for (const range of parseAccept(request.headers["accept"])) {
    const version = aggregatedVersionOf(range);
    if (version) return answerAggregated(documents.aggregated(root, version), request, version);
    if (!range.parameters.has("as") && admits(range, "application/json"))
      return withVary(renderRoot(documents.catalog(), request, root));
  }
  throw notAcceptable(plainTypes);
}

function renderRoot(
  catalog: readonly CatalogGroup[],
  request: HttpRequest,
  root: "api" | "apis",
): JsonObject {
  if (root === "apis") return renderGroupList(catalog);
  const core = catalog.find(({ name }) => name === "");
  const address = request.headers["host"] ?? request.headers[":authority"] ?? "";
  return renderApiVersions(core, address);
}

function withVary(document: JsonObject): HttpResponse {
  const answer = answerJson(document);
  return { ...answer, headers: { ...answer.headers, vary: "Accept" } };
}

function aggregatedVersionOf({ type, parameters }: MediaRange): AggregatedVersion | undefined {
  if (type !== "application/json" || parameters.get("g") !== "apidiscovery.k8s.io")
    return undefined;
  if (parameters.get("as") !== "APIGroupDiscoveryList") return undefined;
  return aggregatedVersions.find((version) => version === parameters.get("v"));
}

function answerAggregated(
  document: RenderedDocument,
  request: HttpRequest,
  version: AggregatedVersion,
): HttpResponse {
  const headers = { etag: `"${document.hash}"`, vary: "Accept", "cache-control": "public" };
  if (matchesHash(request.headers["if-none-match"], document.hash))
    return { status: 304, headers, body: "" };
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return { status: 200, headers: { ...headers, "content-type": type }, body: document.body };
}
