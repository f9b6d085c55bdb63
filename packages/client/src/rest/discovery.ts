import {
  formatGroupVersion,
  isJsonArray,
  isJsonObject,
  isStatus,
  type JsonObject,
  type JsonValue,
  parseGroupVersion,
  parseJson,
} from "@cellplane/apimachinery";
import { decode, statusErrorOf } from "./read-answer.ts";
import type { RestClient } from "./rest-client.ts";

/** A resource that a server serves, in one version. */
export interface DiscoveredResource {
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly singular: string;
  readonly subresources: readonly string[];
}

const aggregatedAccept = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
  "application/json",
].join(",");

/** What a server serves; groups that could not be read are left out and named in `failed`. */
export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  readonly failed: readonly string[];
}

/**
 * Everything that a server serves, each resource in each version, the preferred version first.
 * Aggregated discovery where the server has it, else group by group. Of a server that has no list
 * of its groups, those of `groups` that it serves (the core group is "").
 */
export async function discoverResources(
  client: RestClient,
  signal?: AbortSignal,
  { groups: named }: { readonly groups?: readonly string[] } = {},
): Promise<Discovery> {
  const [core, groups] = await Promise.all([
    findJson(client, "/api", signal),
    findJson(client, "/apis", signal),
  ]);
  if (!groups) {
    if (named) return discoverNamedGroups(client, named, signal);
    throw statusErrorOf(404, `${client.server} has no list of its API groups`);
  }
  if (core?.["kind"] === "APIGroupDiscoveryList" && groups["kind"] === "APIGroupDiscoveryList") {
    return {
      resources: [core, groups].flatMap(readAggregated),
      failed: [core, groups].flatMap(staleVersions),
    };
  }
  const groupVersions = objects(groups["groups"]).flatMap(versionsOfGroup);
  return discoverByGroup(client, [...texts(core?.["versions"]), ...groupVersions], signal);
}

/** The served version of a resource named `plural`, `plural.group`, `Kind` or a short name; preferred version first. */
export function findResource(
  resources: readonly DiscoveredResource[],
  name: string,
): readonly DiscoveredResource[] {
  const [plural = "", ...rest] = name.split(".");
  const group = rest.length === 0 ? undefined : rest.join(".");
  const lower = plural.toLowerCase();
  return resources.filter(
    (each) =>
      (group === undefined || each.group === group || `${each.version}.${each.group}` === group) &&
      (each.resource === lower ||
        each.singular === lower ||
        each.kind.toLowerCase() === lower ||
        each.shortNames.includes(lower)),
  );
}

/** `undefined` where there is nothing at the path. */
async function findJson(
  client: RestClient,
  path: string,
  signal: AbortSignal | undefined,
): Promise<JsonObject | undefined> {
  try {
    return await getJson(client, path, signal);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

async function discoverNamedGroups(
  client: RestClient,
  groups: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Discovery> {
  const versions = await Promise.all(
    Array.from(new Set(groups), async (name) => {
      if (name === "") return (await findJson(client, "/api/v1", signal)) ? ["v1"] : [];
      const group = await findJson(client, `/apis/${name}`, signal);
      return group ? versionsOfGroup(group) : [];
    }),
  );
  return discoverByGroup(client, versions.flat(), signal);
}

/** The preferred version first. */
function versionsOfGroup(group: JsonObject): readonly string[] {
  const versions = objects(group["versions"]).map((version) => text(version["groupVersion"]));
  const { preferredVersion } = group;
  const preferred = isJsonObject(preferredVersion) ? text(preferredVersion["groupVersion"]) : "";
  if (!versions.includes(preferred)) return versions;
  return [preferred, ...versions.filter((version) => version !== preferred)];
}

async function getJson(
  client: RestClient,
  path: string,
  signal: AbortSignal | undefined,
): Promise<JsonObject> {
  const response = await client.raw(
    { method: "GET", path, headers: { accept: aggregatedAccept } },
    signal,
  );
  const text = decode(response.body);
  if (response.status !== 200) throw statusErrorOf(response.status, text);
  const value = parseJson(text);
  return isJsonObject(value) ? value : {};
}

function readAggregated(list: JsonObject): readonly DiscoveredResource[] {
  return objects(list["items"]).flatMap((group) => {
    const metadata = isJsonObject(group["metadata"]) ? group["metadata"] : {};
    const name = text(metadata["name"]);
    return objects(group["versions"]).flatMap((version) =>
      objects(version["resources"]).map((resource) => ({
        group: name,
        version: text(version["version"]),
        resource: text(resource["resource"]),
        kind: isJsonObject(resource["responseKind"]) ? text(resource["responseKind"]["kind"]) : "",
        namespaced: resource["scope"] === "Namespaced",
        verbs: texts(resource["verbs"]),
        shortNames: texts(resource["shortNames"]),
        singular: text(resource["singularResource"]),
        subresources: objects(resource["subresources"]).map((each) => text(each["subresource"])),
      })),
    );
  });
}

// Where the server of an aggregated API is away, there may be nothing left to read of it.
function staleVersions(list: JsonObject): readonly string[] {
  return objects(list["items"]).flatMap((group) => {
    const metadata = isJsonObject(group["metadata"]) ? group["metadata"] : {};
    return objects(group["versions"])
      .filter(
        (version) => version["freshness"] === "Stale" && objects(version["resources"]).length === 0,
      )
      .map((version) => {
        const name = formatGroupVersion({
          group: text(metadata["name"]),
          version: text(version["version"]),
        });
        return `${name}: its server is away`;
      });
  });
}

async function discoverByGroup(
  client: RestClient,
  groupVersions: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Discovery> {
  const failed: string[] = [];
  const lists = await Promise.all(
    groupVersions.map(async (groupVersion) => {
      const path = groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
      try {
        return readLegacy(groupVersion, await getJson(client, path, signal));
      } catch (error) {
        signal?.throwIfAborted();
        failed.push(`${groupVersion}: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      }
    }),
  );
  return { resources: lists.flat(), failed };
}

function readLegacy(groupVersion: string, list: JsonObject): readonly DiscoveredResource[] {
  const { group, version } = parseGroupVersion(groupVersion) ?? {
    group: "",
    version: groupVersion,
  };
  const all = objects(list["resources"]);
  const subresources = all.map((each) => text(each["name"])).filter((name) => name.includes("/"));
  return all
    .filter((each) => !text(each["name"]).includes("/"))
    .map((each) => {
      const resource = text(each["name"]);
      return {
        group,
        version,
        resource,
        kind: text(each["kind"]),
        namespaced: each["namespaced"] === true,
        verbs: texts(each["verbs"]),
        shortNames: texts(each["shortNames"]),
        singular: text(each["singularName"]),
        subresources: subresources
          .filter((name) => name.startsWith(`${resource}/`))
          .map((name) => name.slice(resource.length + 1)),
      };
    });
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return (isJsonArray(value) ? value : []).filter(isJsonObject);
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function texts(value: JsonValue | undefined): readonly string[] {
  return (isJsonArray(value) ? value : []).filter((each) => typeof each === "string");
}
