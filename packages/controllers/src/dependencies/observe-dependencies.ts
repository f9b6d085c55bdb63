import {
  computePlacement,
  createAnnotationPolicy,
  dependenciesOf,
  type Dependency,
  type DependencyCarrier,
  dependencyKey,
  type DependencyKind,
  type DependencyView,
  type FederatedObject,
  type Follower,
  makesPods,
} from "@cellplane/federation";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { byNamespace } from "../shared/shared-informers.ts";
import { placementViewOf } from "../sync/placement-view.ts";
import { revisionsOf } from "../sync/revision-store.ts";
import type { SyncDependencies, SyncedType } from "../sync/sync-dependencies.ts";
import type { RunningTypes } from "../type-config/running-types.ts";
import { dependencyKinds, type DependencySources } from "./dependency-sources.ts";

/** What dependencies are followed with. */
export type DependencyDependencies = SyncDependencies & { readonly types: RunningTypes };

/** A workload, and what is planned for it. */
export interface ObservedFollower {
  readonly follower: Follower;
  readonly object: FederatedObject;
  readonly type: SyncedType;
}

/** What is known of one namespace. */
export interface ObservedDependencies {
  readonly view: DependencyView;
  readonly followers: readonly ObservedFollower[];
}

/** Running types whose objects make pods. */
export function workloadTypes(types: RunningTypes): readonly SyncedType[] {
  return types
    .list()
    .map(({ type }) => type)
    .filter(({ typeConfig }) => makesPods(typeConfig.targetType));
}

/** What a reconcile of one namespace knows; `undefined` while part of it is still being read. */
export function observeDependencies(
  namespace: string,
  sources: DependencySources,
  deps: DependencyDependencies,
): ObservedDependencies | undefined {
  const followers: ObservedFollower[] = [];
  for (const type of workloadTypes(deps.types)) {
    if (!type.objects.hasSynced) return undefined;
    for (const object of type.objects.byIndex(byNamespace, namespace)) {
      const follower = followerOf(object, type, deps);
      if (!follower) return undefined;
      followers.push({ follower, object, type });
    }
  }
  const carriers = new Map<DependencyKind, DependencyCarrier>();
  const existing = new Map<string, FederatedObject>();
  for (const { kind, typeName } of dependencyKinds) {
    const type = deps.types.get(typeName)?.type;
    if (!type) continue;
    if (!type.objects.hasSynced) return undefined;
    carriers.set(kind, carrierOf(type));
    for (const object of type.objects.byIndex(byNamespace, namespace)) {
      existing.set(dependencyKey({ kind, name: object.metadata.name ?? "" }), object);
    }
  }
  const all = followers.map(({ follower }) => follower);
  const found = findSources(namespace, all, sources);
  return { view: { namespace, followers: all, sources: found, existing, carriers }, followers };
}

function carrierOf({ typeConfig }: SyncedType): DependencyCarrier {
  const { group = "", kind } = typeConfig.federatedType;
  const propagates = createAnnotationPolicy(typeConfig.propagatingAnnotations);
  return { apiGroup: group, kind, propagates };
}

function findSources(
  namespace: string,
  followers: readonly Follower[],
  sources: DependencySources,
): ReadonlyMap<string, KubernetesObject> {
  const found = new Map<string, KubernetesObject>();
  for (const need of followers.flatMap(({ needs }) => needs)) {
    const source = sources.get(need.kind)?.get(`${namespace}/${need.name}`);
    if (source) found.set(dependencyKey(need), source);
  }
  return found;
}

function followerOf(
  object: FederatedObject,
  type: SyncedType,
  deps: DependencyDependencies,
): Follower | undefined {
  const place = placementViewOf(object, type, deps);
  if (!place) return undefined;
  const outcome = computePlacement(place);
  const standing = new Set(
    object.status?.clusters?.flatMap(({ name, revision }) =>
      revision === undefined ? [] : [name],
    ),
  );
  const isMasked = deps.settings().sync.masks === "on";
  const common = {
    words: `${type.typeConfig.federatedType.kind} ${object.metadata.name ?? ""}`,
    follows: object.spec?.followDependencies === true ? ("on" as const) : ("off" as const),
    over: place.over ?? "Clusters",
    needs: needsOf(object, type, deps),
  };
  // Where it shall be is not known: then nothing may be touched for its sake.
  if (outcome.kind === "failed") return { ...common, members: standing, mask: new Set() };
  const { placed, mask } = outcome.placement;
  return { ...common, members: placed.union(standing), mask: isMasked ? mask : undefined };
}

/** Of the template, and of revisions that members still stand on: those pods may start again. */
function needsOf(
  object: FederatedObject,
  type: SyncedType,
  { shared }: DependencyDependencies,
): readonly Dependency[] {
  const { targetType } = type.typeConfig;
  const { desiredRevision, clusters = [] } = object.status ?? {};
  const older = new Set(clusters.map(({ revision }) => revision));
  older.add(object.spec?.revision);
  if (object.spec?.revision === undefined) older.delete(desiredRevision);
  older.delete(undefined);
  const templates =
    older.size === 0
      ? []
      : revisionsOf(object, type, shared)
          .filter(({ number }) => older.has(number))
          .map(({ template }) => template);
  const all = [object.spec?.template, ...templates].flatMap((each) =>
    dependenciesOf(each, targetType),
  );
  return Array.from(new Map(all.map((each) => [dependencyKey(each), each])).values());
}
