import { toTopologyView, wordsOf } from "../conversion/convert-federated-object.ts";
import { computePlacement } from "../placement/compute-placement.ts";
import { type MemberName, topologyNameOf } from "../placement/select-members.ts";
import { findPreferenceFault } from "./check-preferences.ts";
import { describeSchedule } from "./describe-schedule.ts";
import type { SchedulingDecision, SchedulingView } from "./scheduling-view.ts";
import { scheduledReplicas, type Schedule, withSchedule } from "./scheduler-overrides.ts";
import { spreadReplicas } from "./spread-replicas.ts";

/**
 * Decides where replicas go: a placement of the topologies that get any (or held some before), and
 * an override of `/spec/replicas` for each member. Lost members keep what they were given, for
 * losing is not removing; their replicas go to the others meanwhile.
 */
export function planScheduling(view: SchedulingView): SchedulingDecision {
  const { preference, object } = view;
  const fault = findPreferenceFault(preference.spec);
  if (fault !== undefined) return leave(view, "InvalidPreferences", fault);
  const eligible = findEligible(view);
  if (eligible.kind === "none") return leave(view, eligible.reason, eligible.message);
  const topologies = groupByTopology(view, eligible.members);
  const spread = spreadReplicas(view, topologies);
  if (spread.kind === "nobody") {
    const message = "no topology that may be chosen is ready; nothing is changed";
    return leave(view, "NoReadyTopologies", message);
  }
  const schedule = scheduleOf(view, topologies, spread.replicas);
  return {
    object: withSchedule(object, schedule),
    members: Array.from(schedule).flatMap(([topology, members]) =>
      Array.from(members, ([name, replicas]) => ({ name, topology, replicas })),
    ),
    ...describeSchedule(view, { topologies, placed: spread.placed }),
  };
}

function leave(view: SchedulingView, reason: string, message: string): SchedulingDecision {
  const members = view.preference.status?.clusters ?? [];
  return { object: view.object, members, status: "False", reason, message };
}

type Eligible =
  | { readonly kind: "some"; readonly members: ReadonlySet<MemberName> }
  | { readonly kind: "none"; readonly reason: string; readonly message: string };

/** Members that the tenant may see, within the FederatedNamespace and, if asked for, the selector. */
function findEligible(view: SchedulingView): Eligible {
  const { object, preference, namespaceLimit } = view;
  const intersects = preference.spec.intersectWithClusterSelector === true;
  // Without a FederatedNamespace nothing is propagated anyhow, and its creation changes nothing here.
  const isUnlimited = namespaceLimit.kind === "notFederated" && !intersects;
  const selector = intersects ? toTopologyView(object).spec?.placement?.topologySelector : {};
  const placement = selector === undefined ? {} : { clusterSelector: selector };
  const { placementMask: _, ...spec } = object.spec ?? {};
  const outcome = computePlacement({
    ...view,
    object: { ...object, spec: { ...spec, placement } },
    ...(isUnlimited ? { namespaceLimit: { kind: "none" } as const } : {}),
  });
  if (outcome.kind === "failed") {
    return { kind: "none", reason: outcome.reason, message: outcome.message };
  }
  const members = outcome.placement.placed;
  if (members.size > 0) return { kind: "some", members };
  const message = intersects
    ? "the selectors of the object and of the FederatedNamespace select no topology that may be seen"
    : "no topology may be seen";
  return { kind: "none", reason: "NoTopologySelected", message };
}

function groupByTopology(
  { clusters, object }: SchedulingView,
  eligible: ReadonlySet<MemberName>,
): ReadonlyMap<string, readonly MemberName[]> {
  const words = wordsOf(object);
  const groups = new Map<string, MemberName[]>();
  for (const cluster of clusters) {
    const { name = "" } = cluster.metadata;
    const topology = eligible.has(name) ? topologyNameOf(cluster, words) : undefined;
    if (topology === undefined) continue;
    groups.set(topology, [...(groups.get(topology) ?? []), name]);
  }
  return groups;
}

/** The topologies to place; in those every member has a number, so that none takes the template's. */
function scheduleOf(
  view: SchedulingView,
  topologies: ReadonlyMap<string, readonly MemberName[]>,
  given: ReadonlyMap<MemberName, number>,
): Schedule {
  const before = scheduledReplicas(view.object);
  const standing = findStanding(view);
  const schedule = new Map<string, ReadonlyMap<MemberName, number>>();
  for (const [topology, members] of topologies) {
    const isPlaced = members.some((name) => (given.get(name) ?? 0) > 0 || standing.has(name));
    if (!isPlaced) continue;
    const counts = members.flatMap((name) => {
      const count = given.get(name) ?? before.get(name);
      // A lost member that nobody scheduled yet is left as it is.
      if (count === undefined && standing.has(name)) return [];
      return [[name, count ?? 0] as const];
    });
    schedule.set(topology, new Map(counts));
  }
  return schedule;
}

/** Members in which the object is, or was when they were last seen. */
function findStanding(view: SchedulingView): ReadonlySet<MemberName> {
  const outcome = computePlacement(view);
  const placed = outcome.kind === "placed" ? outcome.placement.placed : new Set<MemberName>();
  const before = scheduledReplicas(view.object);
  const reported = new Set(
    view.object.status?.clusters?.flatMap(({ name, revision }) =>
      revision === undefined ? [] : [name],
    ),
  );
  const standing = Array.from(view.replicas).filter(([name, { kind }]) => {
    if (kind === "present") return true;
    return kind !== "absent" && placed.has(name) && (before.has(name) || reported.has(name));
  });
  return new Set(standing.map(([name]) => name));
}
