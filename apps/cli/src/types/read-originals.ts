import { formatGroupResource, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import {
  type DiscoveredResource,
  discoverResources,
  type ResourcePath,
  type RestClient,
} from "@cellplane/client";
import { groups, reasonToSkip } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";
import { apiResourceOf, findTarget } from "./find-target.ts";
import type { Original } from "./original.ts";

/** What is to be read from a cluster. */
export interface OriginalsRequest {
  readonly type: string;
  readonly name: string;
  readonly namespace: string;
  /** Also everything in the namespace that is named. */
  readonly contents: boolean;
  /** Resources, kinds, short names, `plural.group` or whole groups that are left out of contents. */
  readonly skip: readonly string[];
  /** Whether the source is a member that is read with the control plane's own account. */
  readonly usesAccount: boolean;
  readonly warn: (line: string) => void;
}

// Made by controllers, or of this cluster alone (reference §3.5, and the last two).
const neverResources: ReadonlySet<string> = new Set([
  "endpoints",
  "events",
  "endpointslices.discovery.k8s.io",
  "leases.coordination.k8s.io",
]);
const neverGroups: ReadonlySet<string> = new Set([
  "extensions",
  "events.k8s.io",
  "metrics.k8s.io",
  ...Object.values(groups),
]);

/** Reads what is to be federated: one object, or a namespace with what is in it. */
export async function readOriginals(
  source: RestClient,
  request: OriginalsRequest,
): Promise<readonly Original[]> {
  const { resources } = await discoverResources(source);
  const { resource, apiResource } = findTarget(resources, request.type, undefined, "federate");
  const isNamespace = resource.resource === "namespaces" && resource.group === "";
  if (request.contents && !isNamespace) {
    throw new CliError(
      `Cannot federate the contents of ${resource.resource} as --contents is for namespaces`,
    );
  }
  const path = resource.namespaced ? { ...resource, namespace: request.namespace } : resource;
  const object = await readObject(source, path, request);
  const own = { target: apiResource, object };
  if (!request.contents) {
    const reason = reasonToSkip(object, apiResource);
    if (reason !== undefined) request.warn(`${resource.resource}/${request.name}: ${reason}`);
    return [own];
  }
  return [own, ...(await readContents(source, resources, request))];
}

async function readObject(
  source: RestClient,
  path: ResourcePath,
  { name, usesAccount }: OriginalsRequest,
): Promise<KubernetesObject> {
  try {
    return await source.get(path, name);
  } catch (error) {
    if (!usesAccount || !isStatus(error, "Forbidden")) throw error;
    throw new CliError(
      `Cannot read from the member: the control plane's account there may read only what was enabled when it joined; give a kubeconfig with --member-kubeconfig: ${error.message}`,
      { cause: error },
    );
  }
}

async function readContents(
  source: RestClient,
  resources: readonly DiscoveredResource[],
  request: OriginalsRequest,
): Promise<readonly Original[]> {
  const originals: Original[] = [];
  for (const resource of contentResources(resources, request.skip)) {
    for (const original of await readAll(source, resource, request)) originals.push(original);
  }
  return originals;
}

async function readAll(
  source: RestClient,
  resource: DiscoveredResource,
  { name: namespace, warn }: OriginalsRequest,
): Promise<readonly Original[]> {
  const target = apiResourceOf(resource);
  try {
    const { items } = await source.list({ ...resource, namespace });
    return items.flatMap((object) => {
      const reason = reasonToSkip(object, target);
      if (reason === undefined) return [{ target, object }];
      warn(`left out ${resource.resource}/${object.metadata.name ?? ""}: ${reason}`);
      return [];
    });
  } catch (error) {
    // Some aggregated APIs cannot be listed as a whole.
    if (!isStatus(error, "MethodNotAllowed") && !isStatus(error, "NotFound")) throw error;
    warn(`left out ${formatGroupResource(resource)}: it cannot be listed`);
    return [];
  }
}

/** The namespaced resources whose objects make up a namespace's contents, each in one version. */
export function contentResources(
  resources: readonly DiscoveredResource[],
  skip: readonly string[],
): readonly DiscoveredResource[] {
  const skipped = new Set(skip.map((each) => each.toLowerCase()));
  const seen = new Set<string>();
  return resources.filter((resource) => {
    const name = formatGroupResource(resource);
    if (!resource.namespaced || !resource.verbs.includes("list")) return false;
    if (!resource.verbs.includes("create") || seen.has(name)) return false;
    // The preferred version comes first.
    seen.add(name);
    if (neverResources.has(name) || neverGroups.has(resource.group)) return false;
    return !namesOf(resource).some((each) => skipped.has(each));
  });
}

function namesOf(resource: DiscoveredResource): readonly string[] {
  const { group, kind, singular, shortNames } = resource;
  const names = [resource.resource, singular, kind.toLowerCase(), ...shortNames];
  return [...names, formatGroupResource(resource), ...(group === "" ? [] : [group])];
}
