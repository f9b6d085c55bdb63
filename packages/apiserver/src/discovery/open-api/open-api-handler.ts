import { formatGroupVersion, stringifyJson } from "@cellplane/apimachinery";
import type { ResourceRegistry } from "../../registry/resource-registry.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../../request/http-handler.ts";
import { admits, parseAccept } from "../accept.ts";
import { type CatalogVersion, createCatalog, perGeneration } from "../api-catalog.ts";
import { answerNoSuchPath, computeDocumentHash, matchesHash } from "../http-answers.ts";
import { renderOpenApiV2 } from "./build-open-api-v2.ts";
import { createPartsRenderer, mergeParts, renderOpenApiV3 } from "./build-open-api-v3.ts";
import { CachedDocument } from "./cached-document.ts";
import { encodeSwagger } from "./encode-swagger.ts";
import type { FindDefinition } from "./open-api-types.ts";

/** What OpenAPI is made of. */
export interface OpenApiDependencies {
  readonly registry: ResourceRegistry;
  /** Definitions of built-in types, in OpenAPI v3 form. */
  readonly findDefinition: FindDefinition;
  /** The server's `gitVersion`. */
  readonly version: string;
}

const v3Root = "/openapi/v3";
const v2Path = "/openapi/v2";
const protobufTypes = [
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
] as const;
const yearSeconds = 31_536_000;

/**
 * Serves `/openapi/v2` and `/openapi/v3`. Nothing is rendered before it is asked for, and a changed
 * CRD costs its own group version and the v2 document only.
 */
export function createOpenApiHandler(deps: OpenApiDependencies): HttpHandler {
  const server = new OpenApiServer(deps);
  return {
    handles: (path) =>
      path === v2Path || path === v3Root || path === `${v3Root}/` || path.startsWith(`${v3Root}/`),
    handle: (request) => server.handle(request),
  };
}

interface VersionEntry {
  readonly served: CatalogVersion;
  readonly hash: string;
}

class OpenApiServer {
  readonly #deps: OpenApiDependencies;
  readonly #entries: () => ReadonlyMap<string, VersionEntry>;
  readonly #v2: () => { readonly json: CachedDocument; readonly protobuf: CachedDocument };
  /** By the key of a group version; replaced when its hash changes. */
  readonly #documents = new Map<
    string,
    { readonly hash: string; readonly document: CachedDocument }
  >();
  readonly #partsOf: ReturnType<typeof createPartsRenderer>;

  constructor(deps: OpenApiDependencies) {
    this.#deps = deps;
    this.#partsOf = createPartsRenderer(deps.findDefinition);
    const catalog = createCatalog(deps.registry);
    const versions = (): readonly CatalogVersion[] => catalog().flatMap((group) => group.versions);
    this.#entries = perGeneration(
      deps.registry,
      () => new Map(versions().map((served) => [keyOf(served), this.#toEntry(served)])),
    );
    this.#v2 = perGeneration(deps.registry, () => this.#createV2(versions()));
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    if (request.path === v2Path) return await this.#answerV2(request);
    const key = request.path.slice(v3Root.length + 1);
    return key === "" ? await this.#answerIndex(request) : await this.#answerVersion(request, key);
  }

  async #answerV2(request: HttpRequest): Promise<HttpResponse> {
    const { json, protobuf } = this.#v2();
    for (const range of parseAccept(request.headers["accept"])) {
      const type = protobufTypes.find((each) => each === range.type);
      if (type) return await protobuf.answer(request, { "content-type": protobufTypes[0] });
      if (admits(range, "application/json"))
        return await json.answer(request, { "content-type": "application/json" });
    }
    return { status: 406, headers: { vary: "Accept" }, body: "" };
  }

  async #answerIndex(request: HttpRequest): Promise<HttpResponse> {
    const paths = Object.fromEntries(
      Array.from(this.#entries(), ([key, { hash }]) => [
        key,
        { serverRelativeURL: `${v3Root}/${key}?hash=${hash}` },
      ]),
    );
    const document = new CachedDocument(() => Buffer.from(stringifyJson({ paths })));
    return await document.answer(request, { "content-type": "text/plain; charset=utf-8" });
  }

  async #answerVersion(request: HttpRequest, key: string): Promise<HttpResponse> {
    const entry = this.#entries().get(key);
    if (!entry) return answerNoSuchPath();
    const { hash } = entry;
    const asked = request.query.get("hash");
    if (asked !== null && asked !== hash)
      return {
        status: 301,
        headers: {
          "content-type": "application/json",
          location: `${v3Root}/${key}?hash=${hash}`,
        },
        body: "",
      };
    const caching =
      asked === null
        ? { "cache-control": "no-cache, private" }
        : {
            "cache-control": "public, immutable",
            expires: new Date(Date.now() + yearSeconds * 1000).toUTCString(),
          };
    const headers = { ...caching, etag: `"${hash}"`, vary: "Accept" };
    if (matchesHash(request.headers["if-none-match"], hash))
      return { status: 304, headers, body: "" };
    const type = { "content-type": "application/json" };
    return await this.#documentOf(key, entry).answer(request, { ...type, ...headers });
  }

  #documentOf(key: string, { served, hash }: VersionEntry): CachedDocument {
    const known = this.#documents.get(key);
    if (known?.hash === hash) return known.document;
    const document = new CachedDocument(() => {
      const parts = mergeParts(served.resources.map(this.#partsOf));
      return Buffer.from(stringifyJson(renderOpenApiV3(parts, this.#deps.version)));
    });
    this.#documents.set(key, { hash, document });
    return document;
  }

  #createV2(versions: readonly CatalogVersion[]): {
    readonly json: CachedDocument;
    readonly protobuf: CachedDocument;
  } {
    const render = (): ReturnType<typeof renderOpenApiV2> =>
      renderOpenApiV2(
        mergeParts(versions.flatMap(({ resources }) => resources.map(this.#partsOf))),
        this.#deps.version,
      );
    return {
      json: new CachedDocument(() => Buffer.from(stringifyJson(render()))),
      protobuf: new CachedDocument(() => encodeSwagger(render())),
    };
  }

  /** The hash stands for the definitions, so that the index needs no document. */
  #toEntry(served: CatalogVersion): VersionEntry {
    const parts = served.resources.map(({ definition }) => [definition.resource, definition.etag]);
    const text = JSON.stringify([this.#deps.version, keyOf(served), parts]);
    return { served, hash: computeDocumentHash(text) };
  }
}

function keyOf(served: CatalogVersion): string {
  return `${served.group === "" ? "api" : "apis"}/${formatGroupVersion(served)}`;
}
