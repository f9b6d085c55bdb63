import type { KubernetesObject } from "@cellplane/apimachinery";
import { objectKey, WorkQueue } from "@cellplane/client";
import {
  conditionTypes,
  type FederatedObject,
  isClusterReady,
  isGenerated,
  type KubeFedCluster,
  makesPods,
} from "@cellplane/federation";
import type { Controller } from "../shared/controller.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { runWhile } from "../shared/run-while.ts";
import type { RunningType } from "../type-config/running-types.ts";
import { createDependencyReconciler } from "./dependency-reconciler.ts";
import { createDependencySources, dependencyKinds } from "./dependency-sources.ts";
import type { DependencyDependencies } from "./observe-dependencies.ts";

const name = "dependencies";
const workers = 4;

/**
 * Lets what pods need follow the workloads that ask for it. ConfigMaps, Secrets, ServiceAccounts and
 * claims of the control plane are read only while there is such a workload.
 */
export function createDependencyController(deps: DependencyDependencies): Controller {
  return {
    name,
    run: async (signal) => {
      const concerned = new ConcernedNamespaces();
      attachTypes(deps, concerned, signal);
      const demand = {
        isWanted: () => concerned.size > 0,
        subscribe: (listener: () => void, until: AbortSignal) => concerned.listen(listener, until),
        run: (until: AbortSignal) => runFollower(deps, concerned, until),
      };
      await runWhile(demand, signal);
    },
  };
}

/** Namespaces with objects that ask to be followed, or follow; told of what changes in them. */
class ConcernedNamespaces {
  readonly #objects = new Map<string, Set<string>>();
  readonly #listeners = new Set<(namespace: string) => void>();

  get size(): number {
    return this.#objects.size;
  }

  names(): Iterable<string> {
    return this.#objects.keys();
  }

  has(namespace: string): boolean {
    return this.#objects.has(namespace);
  }

  /** Takes in whether an object concerns us, and tells of its namespace if one there does. */
  note(namespace: string, key: string, concern: "concerns" | "none"): void {
    const had = this.#objects.has(namespace);
    const objects = this.#objects.get(namespace) ?? new Set<string>();
    if (concern === "concerns") this.#objects.set(namespace, objects.add(key));
    else if (objects.delete(key) && objects.size === 0) this.#objects.delete(namespace);
    // The last one's leaving has to be cleaned up after, too.
    if (had || this.#objects.has(namespace)) for (const tell of this.#listeners) tell(namespace);
  }

  listen(listener: (namespace: string) => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }
}

function attachTypes(
  { types }: DependencyDependencies,
  concerned: ConcernedNamespaces,
  signal: AbortSignal,
): void {
  const attached = new Set<RunningType>();
  const attach = (): void => {
    for (const running of types.list()) {
      const { type, signal: stopped } = running;
      const isCarrier = dependencyKinds.some(({ typeName }) => typeName === type.name);
      if (attached.has(running) || !(isCarrier || makesPods(type.typeConfig.targetType))) continue;
      attached.add(running);
      const until = AbortSignal.any([signal, stopped]);
      until.addEventListener("abort", () => attached.delete(running), { once: true });
      const note = (object: FederatedObject, concern: "concerns" | "none"): void => {
        const { namespace = "" } = object.metadata;
        concerned.note(namespace, `${type.name} ${objectKey(object)}`, concern);
      };
      const add = (object: FederatedObject): void =>
        note(object, isConcern(object) ? "concerns" : "none");
      const onUpdate = (object: FederatedObject, old: FederatedObject): void => {
        if (isRelevant(object, old)) add(object);
      };
      const onDelete = (object: FederatedObject): void => note(object, "none");
      type.objects.addHandler({ onAdd: add, onUpdate, onDelete }, until);
    }
  };
  types.onChange(attach, signal);
  attach();
}

async function runFollower(
  deps: DependencyDependencies,
  concerned: ConcernedNamespaces,
  signal: AbortSignal,
): Promise<void> {
  const { shared, onError, metrics } = deps;
  const sources = createDependencySources(deps);
  const queue = new WorkQueue();
  const addAll = (): void => {
    for (const namespace of concerned.names()) queue.add(namespace);
  };
  concerned.listen((namespace) => queue.add(namespace), signal);
  const addSource = ({ metadata }: KubernetesObject): void => {
    const { namespace = "" } = metadata;
    if (concerned.has(namespace)) queue.add(namespace);
  };
  for (const informer of sources.values()) {
    informer.addHandler({ onAdd: addSource, onUpdate: addSource, onDelete: addSource }, signal);
  }
  const all = { onAdd: addAll, onUpdate: addAll, onDelete: addAll };
  const onUpdate = (cluster: KubeFedCluster, old: KubeFedCluster): void => {
    const isSame =
      isClusterReady(cluster) === isClusterReady(old) &&
      JSON.stringify(cluster.metadata.labels) === JSON.stringify(old.metadata.labels);
    if (!isSame) addAll();
  };
  shared.clusters.addHandler({ ...all, onUpdate }, signal);
  shared.topologyTypes.addHandler(all, signal);
  shared.configs.addHandler(all, signal);
  deps.types.onChange(addAll, signal);
  addAll();
  const reconcile = createDependencyReconciler(deps, sources);
  const informers = Array.from(sources.values());
  const keyed = { name, informers, queue, reconcile, workers, onError };
  await runKeyed({ ...keyed, metrics: metrics.controllers }, signal);
}

function isConcern(object: FederatedObject): boolean {
  // One that no longer asks still has a condition to be rid of.
  const hasCondition = object.status?.conditions?.some(
    ({ type }) => type === conditionTypes.dependencies,
  );
  return object.spec?.followDependencies === true || hasCondition === true || isGenerated(object);
}

/** Where members stand decides about placement; other reports of a sync decide nothing here. */
function isRelevant(object: FederatedObject, old: FederatedObject): boolean {
  const { metadata } = object;
  return (
    metadata.generation !== old.metadata.generation ||
    metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    JSON.stringify(metadata.labels) !== JSON.stringify(old.metadata.labels) ||
    JSON.stringify(metadata.annotations) !== JSON.stringify(old.metadata.annotations) ||
    JSON.stringify(standing(object)) !== JSON.stringify(standing(old))
  );
}

function standing({ status }: FederatedObject): unknown {
  const conditions = status?.conditions?.filter(({ type }) => type === conditionTypes.dependencies);
  return [conditions, status?.clusters?.map((each) => [each.name, each.revision])];
}
