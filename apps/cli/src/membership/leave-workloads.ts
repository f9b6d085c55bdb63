import { isStatus, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import {
  type DiscoveredResource,
  discoverResources,
  type ResourcePath,
  type RestClient,
} from "@cellplane/client";
import { annotations, groups, isBookkeeping, kubefed, labels, listed } from "@cellplane/federation";
import { groupsIn } from "../program/groups-in.ts";
import { removeQuietly } from "./member-account.ts";
import { federatedTypeConfigs } from "./system-namespace.ts";

/** Whose workloads are meant, and what is done with them. */
export interface LeaveRequest {
  readonly controlPlane: RestClient;
  readonly member: RestClient;
  readonly controlPlaneId: string;
  /** The cluster and its cells. */
  readonly members: readonly string[];
  /** `release`: they stay, without a mark of ours. */
  readonly act: "remove" | "release";
  readonly tell: (text: string) => void;
}

const core = { group: groups.core, version: "v1alpha1" };
const ledgerPaths: readonly ResourcePath[] = [
  { ...core, resource: "propagatedversions" },
  { ...core, resource: "clusterpropagatedversions" },
];

type Ledger = KubernetesObject & {
  readonly status?: { readonly clusterVersions?: readonly { readonly clusterName: string }[] };
};

/**
 * Removes what this control plane put into a member, or lets go of it; then nothing of it stands
 * there any more, and the ledgers say so.
 */
export async function leaveWorkloads(request: LeaveRequest): Promise<void> {
  const ledgers = await standingLedgers(request);
  const known = new Set(ledgers.map(keyOf));
  let done = 0;
  for (const resource of await federatedResources(request)) {
    const query = { labelSelector: `${kubefed.managedLabel}=true` };
    const { items } = await request.member.list(resource, query);
    for (const object of items) {
      if (!isOurs(object, resource, { known, controlPlaneId: request.controlPlaneId })) continue;
      await leave(request, resource, object);
      request.tell(`${++done} ${request.act === "remove" ? "removed" : "let go"}`);
    }
  }
  for (const ledger of ledgers) await forget(request, ledger);
}

/** Federated objects whose placement still names a member that has left, in words. */
export async function findNaming(
  controlPlane: RestClient,
  name: string,
): Promise<readonly string[]> {
  const { items: configs } = await controlPlane.list(federatedTypeConfigs);
  const found = await Promise.all(
    configs.map(async (config) => {
      const { federatedType } = config["spec"] as {
        readonly federatedType: {
          readonly group: string;
          readonly pluralName: string;
          readonly kind: string;
        };
      };
      const { group, pluralName: resource, kind } = federatedType;
      const { items } = await list(controlPlane, { group, version: "v1beta1", resource });
      return items
        .filter((object) => names(object).includes(name))
        .map(({ metadata: { namespace, name: own = "" } }) =>
          namespace === undefined ? `${kind} ${own}` : `${kind} ${namespace}/${own}`,
        );
    }),
  );
  return found.flat().sort();
}

/** The warning about objects that still name a member that has left. */
export function warnNaming(name: string, objects: readonly string[]): string {
  return `Warning: the placement of ${listed(objects)} still names "${name}": it is reported as TopologyNotFound until it is taken out\n`;
}

function names({ spec }: KubernetesObject): readonly string[] {
  const { placement } = (spec ?? {}) as {
    readonly placement?: { readonly clusters?: readonly { readonly name: string }[] };
  };
  return placement?.clusters?.map((cluster) => cluster.name) ?? [];
}

async function federatedResources({
  controlPlane,
  member,
}: LeaveRequest): Promise<readonly DiscoveredResource[]> {
  const configs = await controlPlane.list(federatedTypeConfigs);
  const targets = new Set(configs.items.map((config) => config.metadata.name ?? ""));
  // Namespaces go with what made them, never as a by-product.
  targets.delete(kubefed.namespacesTypeConfig);
  const { resources } = await discoverResources(member, undefined, {
    groups: groupsIn(Array.from(targets)),
  });
  const seen = new Set<string>();
  return resources.filter(({ group, resource }) => {
    const name = group === "" ? resource : `${resource}.${group}`;
    if (!targets.has(name) || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

// What KubeFed wrote before a take-over bears no mark of ours: the ledger knows it.
function isOurs(
  object: KubernetesObject,
  { kind }: DiscoveredResource,
  {
    known,
    controlPlaneId,
  }: { readonly known: ReadonlySet<string>; readonly controlPlaneId: string },
): boolean {
  const source = object.metadata.annotations?.[annotations.source];
  if (source !== undefined) return controlPlaneId !== "" && source.startsWith(`${controlPlaneId}/`);
  const { namespace = "", name = "" } = object.metadata;
  return known.has(`${namespace}/${kind.toLowerCase()}-${name}`);
}

async function leave(
  { member, act }: LeaveRequest,
  resource: DiscoveredResource,
  { metadata }: KubernetesObject,
): Promise<void> {
  const { namespace, name = "" } = metadata;
  const path = namespace === undefined ? resource : { ...resource, namespace };
  if (act === "remove") return removeQuietly(member, path, name);
  const marks = Object.keys(metadata.annotations ?? {}).filter(isBookkeeping);
  const body: JsonObject = {
    metadata: {
      labels: { [kubefed.managedLabel]: null, [labels.cell]: null },
      annotations: Object.fromEntries(marks.map((key) => [key, null])),
    },
  };
  try {
    await member.patch(path, name, { type: "merge", body });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

async function standingLedgers({
  controlPlane,
  members,
}: LeaveRequest): Promise<readonly Ledger[]> {
  const lists = await Promise.all(ledgerPaths.map((path) => list(controlPlane, path)));
  const gone = new Set(members);
  return (lists.flatMap(({ items }) => items) as readonly Ledger[]).filter(({ status }) =>
    status?.clusterVersions?.some(({ clusterName }) => gone.has(clusterName)),
  );
}

async function forget(request: LeaveRequest, ledger: Ledger): Promise<void> {
  const { namespace, name = "" } = ledger.metadata;
  const [namespaced, clusterWide] = ledgerPaths;
  const base = namespace === undefined ? clusterWide : namespaced;
  if (!base) return;
  const path = namespace === undefined ? base : { ...base, namespace };
  const gone = new Set(request.members);
  for (;;) {
    try {
      const current: Ledger = await request.controlPlane.get(path, name);
      const entries = current.status?.clusterVersions ?? [];
      const kept = entries.filter(({ clusterName }) => !gone.has(clusterName));
      if (kept.length === entries.length) return;
      const status = { ...current.status, clusterVersions: kept };
      await request.controlPlane.update(path, { ...current, status }, { subresource: "status" });
      return;
    } catch (error) {
      if (isStatus(error, "NotFound")) return;
      if (!isStatus(error, "Conflict")) throw error;
    }
  }
}

async function list(
  client: RestClient,
  path: ResourcePath,
): Promise<{ readonly items: readonly KubernetesObject[] }> {
  try {
    return await client.list(path);
  } catch (error) {
    if (isStatus(error, "NotFound")) return { items: [] };
    throw error;
  }
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}
