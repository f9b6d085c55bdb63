import type { TopologyPreference } from "../api/replica-scheduling-preference.ts";
import type { MemberName } from "../placement/select-members.ts";
import type { MemberReplicas } from "./member-replicas.ts";
import { planReplicas, type ReplicaView } from "./plan-replicas.ts";
import type { SchedulingView } from "./scheduling-view.ts";
import { scheduledReplicas } from "./scheduler-overrides.ts";

/** Replicas by member, or that there is no member to give any. */
export type Spread =
  | { readonly kind: "nobody" }
  | {
      readonly kind: "spread";
      readonly replicas: ReadonlyMap<MemberName, number>;
      /** How many found room; those beyond a capacity are asked for, but not among these. */
      readonly placed: number;
    };

type Topologies = ReadonlyMap<string, readonly MemberName[]>;

/** Spreads over topologies by preference, then evenly over the members of each. */
export function spreadReplicas(view: SchedulingView, topologies: Topologies): Spread {
  const known = knownReplicas(view);
  const alive = new Map(
    Array.from(topologies, ([topology, members]) => [
      topology,
      members.filter((name) => known(name).kind !== "lost"),
    ]),
  );
  const candidates = Array.from(alive).flatMap(([name, members]) =>
    members.length > 0 ? [name] : [],
  );
  if (candidates.length === 0) return { kind: "nobody" };
  const { spec, metadata } = view.preference;
  const common = {
    key: `${metadata.namespace ?? ""}/${metadata.name ?? ""}`,
    running: spec.rebalance === true ? "move" : "keep",
  } as const;
  const sums = countsOf(alive, known);
  const preferences = preferencesOf(view, topologies);
  const { totalReplicas } = spec;
  const outer = planReplicas({ ...common, ...sums, totalReplicas, preferences, candidates });
  const replicas = new Map<MemberName, number>();
  for (const [topology, members] of alive) {
    const total = (outer.plan.get(topology) ?? 0) + (outer.overflow.get(topology) ?? 0);
    for (const [name, count] of split(total, members, known, common)) replicas.set(name, count);
  }
  const placed = Array.from(outer.plan.values()).reduce((sum, count) => sum + count, 0);
  return { kind: "spread", replicas, placed };
}

type Known = (name: MemberName) => MemberReplicas;

// Of a member that cannot be asked, what it was given stands for what it runs.
function knownReplicas({ replicas, object }: SchedulingView): Known {
  const given = scheduledReplicas(object);
  return (name) => {
    const found = replicas.get(name) ?? { kind: "unknown" };
    const before = given.get(name);
    if (found.kind !== "unknown" || before === undefined) return found;
    return { kind: "present", running: before };
  };
}

/** Preferences by topology; one of a single member may also be named by its KubeFedCluster. */
function preferencesOf(
  { preference }: SchedulingView,
  topologies: Topologies,
): Readonly<Record<string, TopologyPreference>> {
  const { clusters = {} } = preference.spec;
  if (Object.keys(clusters).length === 0) return { "*": { weight: 1 } };
  const aliases = Array.from(topologies).flatMap(([topology, [member = "", ...others]]) => {
    const own = Object.hasOwn(clusters, member) ? clusters[member] : undefined;
    return own === undefined || others.length > 0 ? [] : [[topology, own] as const];
  });
  return { ...Object.fromEntries(aliases), ...clusters };
}

function countsOf(topologies: Topologies, known: Known): Pick<ReplicaView, "current" | "capacity"> {
  const current = new Map<string, number>();
  const capacity = new Map<string, number>();
  for (const [topology, members] of topologies) {
    const present = members.map(known).filter((each) => each.kind === "present");
    if (present.length === 0) continue;
    current.set(topology, sumOf(present.map(({ running }) => running)));
    const limits = present.flatMap((each) => (each.capacity === undefined ? [] : [each.capacity]));
    // One member without a limit takes whatever comes.
    if (limits.length === members.length) capacity.set(topology, sumOf(limits));
  }
  return { current, capacity };
}

function split(
  totalReplicas: number,
  members: readonly MemberName[],
  known: Known,
  common: Pick<ReplicaView, "key" | "running">,
): ReadonlyMap<MemberName, number> {
  const [only, ...others] = members;
  if (only === undefined) return new Map();
  if (others.length === 0) return new Map([[only, totalReplicas]]);
  const counts = countsOf(new Map(members.map((name) => [name, [name]])), known);
  const preferences = { "*": { weight: 1 } };
  const spread = { ...common, ...counts, totalReplicas, preferences, candidates: members };
  const { plan, overflow } = planReplicas(spread);
  return new Map(Array.from(plan, ([name, count]) => [name, count + (overflow.get(name) ?? 0)]));
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
