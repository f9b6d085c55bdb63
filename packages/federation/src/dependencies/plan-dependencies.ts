import { isJsonEqual, type KubernetesObject } from "@cellplane/apimachinery";
import type { FederatedObject, FederatedSpec } from "../api/federated-object.ts";
import { annotations, clusterViewVersion, labels } from "../api/names.ts";
import { cellTopologyType, type TopologyMembers } from "../api/topology-type.ts";
import { formatCarry } from "../conversion/carry.ts";
import { topologyTypeOf } from "../conversion/convert-federated-object.ts";
import type { MemberName } from "../placement/select-members.ts";
import type { AnnotationPolicy } from "../template/annotation-policy.ts";
import { type Dependency, dependencyKey } from "./dependencies-of.ts";
import { dependencyTemplate, findUnfit } from "./dependency-template.ts";

/** A workload of the namespace whose template names dependencies. */
export interface Follower {
  /** `FederatedDeployment txnflow`. */
  readonly words: string;
  /** `off`: it names them, but does not ask for them to follow. */
  readonly follows: "on" | "off";
  readonly over: TopologyMembers;
  /** Where it shall be, and where it still stands. */
  readonly members: ReadonlySet<MemberName>;
  /** Absent: it may be touched everywhere. */
  readonly mask: ReadonlySet<MemberName> | undefined;
  /** Of the template, and of older revisions that some member still stands on. */
  readonly needs: readonly Dependency[];
}

/** A federated kind that dependencies can be carried by. */
export interface DependencyCarrier {
  /** Of the federated kind. */
  readonly apiGroup: string;
  readonly kind: string;
  readonly propagates: AnnotationPolicy;
}

/** Everything that is known of the dependencies in one namespace. Maps are by `Kind/name`. */
export interface DependencyView {
  readonly namespace: string;
  readonly followers: readonly Follower[];
  /** Native objects in the control plane. */
  readonly sources: ReadonlyMap<string, KubernetesObject>;
  /** Federated objects of those names, whoever made them. */
  readonly existing: ReadonlyMap<string, FederatedObject>;
  /** By the dependency's kind; one that is not there is not federated. */
  readonly carriers: ReadonlyMap<string, DependencyCarrier>;
}

/** One write of a federated object. */
export type DependencyOperation =
  | { readonly kind: "create" | "update"; readonly key: string; readonly object: FederatedObject }
  | { readonly kind: "delete"; readonly key: string; readonly object: FederatedObject };

/** What does not follow, and why. */
export type DependencyProblem = { readonly key: string; readonly why: string };

/** What is to be done in a namespace. */
export interface DependencyPlan {
  readonly operations: readonly DependencyOperation[];
  /** By the words of each workload that asks to be followed; empty where all follows. */
  readonly problems: ReadonlyMap<string, readonly DependencyProblem[]>;
}

/** Whether a federated object was made to follow workloads. */
export function isGenerated({ metadata }: KubernetesObject): boolean {
  return (
    metadata.labels?.[labels.followedBy] !== undefined &&
    metadata.annotations?.[annotations.followedBy] !== undefined
  );
}

/**
 * Plans the federated objects that carry what workloads need. They are where their workloads are,
 * and are touched only where the mask of one of these lets it be. A source that vanishes removes
 * nothing: losing is not removing.
 */
export function planDependencies(view: DependencyView): DependencyPlan {
  const operations: DependencyOperation[] = [];
  const problems = new Map<string, DependencyProblem[]>();
  const followers = view.followers.filter(({ follows }) => follows === "on");
  for (const { words } of followers) problems.set(words, []);
  const needed = groupByNeed(followers);
  for (const [key, { dependency, by }] of needed) {
    const outcome = carry(key, dependency, by, view);
    if (outcome.kind === "problem") {
      for (const { words } of outcome.of) problems.get(words)?.push({ key, why: outcome.why });
    }
    if (outcome.operation) operations.push(outcome.operation);
  }
  for (const [key, object] of view.existing) {
    if (needed.has(key) || !isGenerated(object)) continue;
    if (object.metadata.deletionTimestamp !== undefined) continue;
    operations.push(letGo(key, object, view));
  }
  return { operations, problems };
}

interface Need {
  readonly dependency: Dependency;
  readonly by: readonly Follower[];
}

function groupByNeed(followers: readonly Follower[]): ReadonlyMap<string, Need> {
  const needs = new Map<string, Need>();
  for (const follower of followers) {
    for (const dependency of follower.needs) {
      const key = dependencyKey(dependency);
      const before = needs.get(key);
      const optional = dependency.optional && (before?.dependency.optional ?? true);
      const by = [...(before?.by ?? []), follower];
      needs.set(key, { dependency: { ...dependency, optional }, by });
    }
  }
  return needs;
}

type CarryOutcome =
  | { readonly kind: "carried"; readonly operation?: DependencyOperation }
  | {
      readonly kind: "problem";
      readonly why: string;
      readonly of: readonly Follower[];
      readonly operation?: DependencyOperation;
    };

function carry(
  key: string,
  dependency: Dependency,
  by: readonly Follower[],
  view: DependencyView,
): CarryOutcome {
  const problem = (why: string, of = by): CarryOutcome => ({ kind: "problem", why, of });
  const carrier = view.carriers.get(dependency.kind);
  if (!carrier) return problem(`no FederatedTypeConfig enables ${dependency.kind}`);
  const existing = view.existing.get(key);
  if (existing && !isGenerated(existing)) {
    return problem(`there is a ${carrier.kind} of this name already, which is left as it is`);
  }
  if (existing?.metadata.deletionTimestamp !== undefined) return problem("it is being deleted");
  const source = view.sources.get(key);
  if (!source && !existing) {
    return dependency.optional ? { kind: "carried" } : problem("not found");
  }
  const unfit = source && findUnfit(source);
  if (unfit !== undefined) return problem(unfit);
  const over = overOf(existing) ?? by[0]?.over ?? "Clusters";
  const served = by.filter((follower) => follower.over === over);
  const others = by.filter((follower) => follower.over !== over);
  const wanted = generate(dependency, source, { carrier, existing, over, by: served, view });
  const operation = operationOf(key, existing, wanted);
  const done = operation === undefined ? {} : { operation };
  if (others.length > 0) {
    const why = `it follows workloads over ${over.toLowerCase()}, and one object cannot do both`;
    return { kind: "problem", why, of: others, ...done };
  }
  if (!source) {
    const why = "not found any more; members keep what they have";
    return { kind: "problem", why, of: by, ...done };
  }
  return { kind: "carried", ...done };
}

function overOf(existing: FederatedObject | undefined): TopologyMembers | undefined {
  if (!existing) return undefined;
  return topologyTypeOf(existing) === cellTopologyType ? "Cells" : "Clusters";
}

function generate(
  { kind, name }: Dependency,
  source: KubernetesObject | undefined,
  {
    carrier,
    existing,
    over,
    by,
    view,
  }: {
    readonly carrier: DependencyCarrier;
    readonly existing: FederatedObject | undefined;
    readonly over: TopologyMembers;
    readonly by: readonly Follower[];
    readonly view: DependencyView;
  },
): FederatedObject {
  const { metadata, spec = {} } = existing ?? { metadata: {}, spec: {} };
  const { placementMask: _, ...rest } = spec;
  const type = formatCarry({ type: cellTopologyType, fields: new Map() });
  const placed = unionOf(by.map(({ members }) => members));
  const mask = maskOf(by, placed);
  const template = source ? dependencyTemplate(source, kind, carrier.propagates) : spec.template;
  const wanted: FederatedSpec = {
    ...rest,
    ...(template === undefined ? {} : { template }),
    placement: { clusters: namesOf(placed) },
    ...(mask ? { placementMask: { clusters: namesOf(mask) } } : {}),
  };
  return {
    ...existing,
    apiVersion: `${carrier.apiGroup}/${clusterViewVersion}`,
    kind: carrier.kind,
    metadata: {
      ...metadata,
      name,
      namespace: view.namespace,
      labels: { ...metadata.labels, [labels.followedBy]: "workloads" },
      annotations: {
        ...metadata.annotations,
        ...(over === "Cells" && type !== undefined && !existing
          ? { [annotations.topologyCarry]: type }
          : {}),
        [annotations.followedBy]: by
          .map(({ words }) => words)
          .sort()
          .join(", "),
      },
    },
    spec: wanted,
  };
}

/**
 * Where the generated object may be touched: inside placement, where the mask of a workload that is
 * placed there lets it; outside, where the masks of all of them would let a withdrawal through.
 */
function maskOf(
  by: readonly Follower[],
  placed: ReadonlySet<MemberName>,
): ReadonlySet<MemberName> | undefined {
  const masks = by.flatMap(({ mask }) => (mask ? [mask] : []));
  const [first, ...others] = masks;
  if (!first) return undefined;
  const open = unionOf(
    by.map(({ members, mask }) => (mask ? members.intersection(mask) : members)),
  );
  const everywhere = others.reduce((all, mask) => all.intersection(mask), first);
  return open.union(everywhere.difference(placed));
}

function operationOf(
  key: string,
  existing: FederatedObject | undefined,
  wanted: FederatedObject,
): DependencyOperation | undefined {
  if (!existing) return { kind: "create", key, object: wanted };
  const isSame =
    isJsonEqual(existing.spec, wanted.spec) &&
    isJsonEqual(existing.metadata.labels, wanted.metadata.labels) &&
    isJsonEqual(existing.metadata.annotations, wanted.metadata.annotations);
  return isSame ? undefined : { kind: "update", key, object: wanted };
}

/**
 * Nobody needs it any more: it goes. But where a workload that names it merely stopped asking to be
 * followed, its pods still need it: then it becomes an object like any other.
 */
function letGo(key: string, object: FederatedObject, view: DependencyView): DependencyOperation {
  const isNamed = view.followers.some(({ needs }) =>
    needs.some((each) => dependencyKey(each) === key),
  );
  if (!isNamed) return { kind: "delete", key, object };
  const { labels: set, annotations: notes, ...metadata } = object.metadata;
  const { [labels.followedBy]: _label, ...keptLabels } = set ?? {};
  const { [annotations.followedBy]: _note, ...keptNotes } = notes ?? {};
  const free = { ...metadata, labels: keptLabels, annotations: keptNotes };
  return { kind: "update", key, object: { ...object, metadata: free } };
}

function unionOf(sets: readonly ReadonlySet<MemberName>[]): ReadonlySet<MemberName> {
  return sets.reduce((all, set) => all.union(set), new Set<MemberName>());
}

function namesOf(members: ReadonlySet<MemberName>): readonly { readonly name: string }[] {
  return Array.from(members)
    .sort()
    .map((name) => ({ name }));
}
