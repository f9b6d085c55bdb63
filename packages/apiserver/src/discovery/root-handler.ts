import { formatGroupVersion } from "@cellplane/apimachinery";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import type { HttpHandler } from "../request/http-handler.ts";
import { type CatalogGroup, createCatalog } from "./api-catalog.ts";

/** Serves `/`: the paths there are. `paths` are those that are not the registry's. */
export function createRootHandler(deps: {
  readonly registry: ResourceRegistry;
  readonly paths: readonly string[];
}): HttpHandler {
  const catalog = createCatalog(deps.registry);
  return {
    handles: (path) => path === "/" || path === "/index.html",
    handle: () => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(
        { paths: [...deps.paths, ...catalog().flatMap(listPaths), "/apis", "/apis/"].toSorted() },
        undefined,
        2,
      ),
    }),
  };
}

function listPaths({ name, versions }: CatalogGroup): readonly string[] {
  const root = name === "" ? "/api" : "/apis";
  const group = name === "" ? root : `${root}/${name}`;
  return [group, ...versions.map((served) => `${root}/${formatGroupVersion(served)}`)];
}
