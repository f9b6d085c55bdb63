import { deepEqual, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRestClient } from "./create-rest-client.ts";
import { discoverResources } from "./discovery.ts";
import type { RestClient } from "./rest-client.ts";

/** A server that answers these paths, and 404 in Go's words otherwise. */
function serverOf(paths: Readonly<Record<string, unknown>>): RestClient {
  const transport = {
    server: "https://server",
    request: async ({ path }: { readonly path: string }) => {
      const found = paths[path];
      const text = found === undefined ? "404 page not found\n" : JSON.stringify(found);
      return {
        status: found === undefined ? 404 : 200,
        headers: {},
        body: (async function* () {
          yield new TextEncoder().encode(text);
        })(),
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return createRestClient(transport, { userAgent: "test" });
}

const resourceList = (groupVersion: string, name: string): unknown => ({
  kind: "APIResourceList",
  groupVersion,
  resources: [
    { name, kind: "Widget", namespaced: true, singularName: "widget", verbs: ["get"] },
    { name: `${name}/status`, kind: "Widget", namespaced: true, verbs: ["get"] },
  ],
});

const group = {
  kind: "APIGroup",
  name: "example.com",
  versions: [
    { groupVersion: "example.com/v2", version: "v2" },
    { groupVersion: "example.com/v1", version: "v1" },
  ],
  preferredVersion: { groupVersion: "example.com/v1", version: "v1" },
};

const lists = {
  "/apis/example.com/v1": resourceList("example.com/v1", "widgets"),
  "/apis/example.com/v2": resourceList("example.com/v2", "widgets"),
};

const versionsOf = async (
  client: RestClient,
  groups?: readonly string[],
): Promise<readonly string[]> => {
  const { resources } = await discoverResources(client, undefined, groups ? { groups } : {});
  return resources.map((each) => `${each.resource}.${each.version}.${each.group}`);
};

describe("discoverResources()", () => {
  it("asks for the named groups where a server has no list of them", async () => {
    const client = serverOf({ "/apis/example.com": group, ...lists });
    deepEqual(await versionsOf(client, ["", "example.com", "absent.example.com"]), [
      "widgets.v1.example.com",
      "widgets.v2.example.com",
    ]);
  });

  it("leaves out no group where there is a list, whatever is named", async () => {
    const client = serverOf({
      "/api": { kind: "APIVersions", versions: ["v1"] },
      "/apis": { kind: "APIGroupList", groups: [group] },
      "/api/v1": resourceList("v1", "pods"),
      ...lists,
    });
    deepEqual(await versionsOf(client, []), [
      "pods.v1.",
      "widgets.v1.example.com",
      "widgets.v2.example.com",
    ]);
  });

  it("names what is left out as its server is away", async () => {
    const list = (items: readonly unknown[]): unknown => ({ kind: "APIGroupDiscoveryList", items });
    const client = serverOf({
      "/api": list([]),
      "/apis": list([
        {
          metadata: { name: "metrics.example.com" },
          versions: [{ version: "v1", freshness: "Stale", resources: [] }],
        },
      ]),
    });
    deepEqual(await discoverResources(client), {
      resources: [],
      failed: ["metrics.example.com/v1: its server is away"],
    });
  });

  it("says that there is no list where nothing is named", async () => {
    await rejects(versionsOf(serverOf({})), {
      message: "https://server has no list of its API groups",
      code: 404,
    });
  });
});
