import { isJsonEqual } from "@cellplane/apimachinery";
import { labels } from "../api/names.ts";
import type { ClusterOverride, FederatedObject } from "../api/federated-object.ts";
import { toClusterView, toTopologyView, wordsOf } from "../conversion/convert-federated-object.ts";
import { namesLabelValues, selectorOfValues } from "../conversion/topology-words.ts";
import type { MemberName } from "../placement/select-members.ts";
import { parseMemberName } from "../conversion/member-name.ts";

/** What a scheduler's entries say of themselves. */
export const schedulerSource = "scheduler";
const replicasPath = "/spec/replicas";

/** Replicas of one topology, by member. Empty: not placed. */
export type Schedule = ReadonlyMap<string, ReadonlyMap<MemberName, number>>;

/** The object placed and overridden as scheduled; the same one where it is so already. */
export function withSchedule(object: FederatedObject, schedule: Schedule): FederatedObject {
  const placed = withTopologies(object, Array.from(schedule.keys()).sort());
  const entries = Array.from(schedule).flatMap(([topology, members]) =>
    entriesOf(topology, members, object),
  );
  return withEntries(placed, entries.sort(byMember));
}

/** The object without the replicas that a scheduler gave; the same one where there are none. */
export function withoutSchedule(object: FederatedObject): FederatedObject {
  return withEntries(object, []);
}

/** Replicas that a scheduler gave, by KubeFedCluster; entries that select are left out. */
export function scheduledReplicas(object: FederatedObject): ReadonlyMap<MemberName, number> {
  const given = (object.spec?.overrides ?? []).filter(isSchedulers).flatMap((entry) => {
    const { clusterName, clusterSelector } = entry;
    const cell = clusterSelector?.matchLabels?.[labels.cell];
    const member =
      clusterName ??
      (cell === undefined ? undefined : `${object.metadata.namespace ?? ""}.${cell}`);
    const value = entry.clusterOverrides?.find(({ path }) => path === replicasPath)?.value;
    return member !== undefined && typeof value === "number" ? [[member, value] as const] : [];
  });
  return new Map(given);
}

// In the topology view, where names are of the object's type and a selector beside them is kept.
function withTopologies(object: FederatedObject, names: readonly string[]): FederatedObject {
  const shown = toTopologyView(object);
  const placement = shown.spec?.placement;
  const current = new Set(placement?.topologies?.map(({ name }) => name));
  if (placement?.topologies !== undefined && isSameSet(current, new Set(names))) return object;
  const topologies = names.map((name) => ({ name }));
  const spec = { ...shown.spec, placement: { ...placement, topologies } };
  return toClusterView({ ...shown, spec });
}

function withEntries(
  object: FederatedObject,
  entries: readonly ClusterOverride[],
): FederatedObject {
  const before = object.spec?.overrides ?? [];
  const schedulers = before.filter(isSchedulers);
  const next = mergeEntries(schedulers.flatMap(withoutReplicas), entries);
  if (isJsonEqual(next, schedulers)) return object;
  const overrides = [...before.filter((entry) => !isSchedulers(entry)), ...next];
  const { overrides: _, ...spec } = object.spec ?? {};
  return { ...object, spec: overrides.length === 0 ? spec : { ...spec, overrides } };
}

/** Another scheduler's paths stay; a cluster has one entry of one source. */
function mergeEntries(
  others: readonly ClusterOverride[],
  own: readonly ClusterOverride[],
): readonly ClusterOverride[] {
  const merged = own.map((entry) => {
    const other = others.find(({ clusterName }) => clusterName === entry.clusterName);
    if (!other || entry.clusterName === undefined) return entry;
    const patches = [...(other.clusterOverrides ?? []), ...(entry.clusterOverrides ?? [])];
    return { ...entry, clusterOverrides: patches };
  });
  const named = new Set(own.map(({ clusterName }) => clusterName));
  const rest = others.filter(
    ({ clusterName }) => clusterName === undefined || !named.has(clusterName),
  );
  return [...rest, ...merged];
}

function withoutReplicas(entry: ClusterOverride): readonly ClusterOverride[] {
  const { clusterOverrides = [] } = entry;
  const kept = clusterOverrides.filter(({ path }) => path !== replicasPath);
  return kept.length === 0 ? [] : [{ ...entry, clusterOverrides: kept }];
}

function entriesOf(
  topology: string,
  members: ReadonlyMap<MemberName, number>,
  object: FederatedObject,
): readonly ClusterOverride[] {
  const words = wordsOf(object);
  const counts = new Set(members.values());
  const [count] = counts;
  // Such a topology's name is a label value; only this form is seen in the topology view.
  if (namesLabelValues(words) && counts.size === 1 && count !== undefined) {
    const clusterSelector = selectorOfValues([topology], words);
    return clusterSelector ? [{ clusterSelector, ...patchOf(object, count) }] : [];
  }
  return Array.from(members, ([member, replicas]) => {
    const cell = namesLabelValues(words) ? parseMemberName(member)?.cell : undefined;
    const whom =
      cell === undefined
        ? { clusterName: member }
        : { clusterSelector: { matchLabels: { [labels.cell]: cell } } };
    return { ...whom, ...patchOf(object, replicas) };
  });
}

// As KubeFed writes it, without `op`; but a replace needs something to replace.
function patchOf(
  { spec }: FederatedObject,
  value: number,
): Pick<ClusterOverride, "clusterOverrides" | "source"> {
  const target = spec?.template?.["spec"];
  const has = typeof target === "object" && target !== null && "replicas" in target;
  const patch = { path: replicasPath, value };
  return { clusterOverrides: [has ? patch : { op: "add", ...patch }], source: schedulerSource };
}

function isSchedulers({ source }: ClusterOverride): boolean {
  return source === schedulerSource;
}

function byMember(left: ClusterOverride, right: ClusterOverride): number {
  return keyOf(left) < keyOf(right) ? -1 : 1;
}

function keyOf({ clusterName, clusterSelector }: ClusterOverride): string {
  return clusterName ?? JSON.stringify(clusterSelector);
}

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && left.isSubsetOf(right);
}
