import { isStatus } from "@cellplane/apimachinery";
import type { Outcome, Reconciler } from "@cellplane/client";
import {
  dependenciesCondition,
  type DependencyOperation,
  type DependencyProblem,
  isGenerated,
  planDependencies,
} from "@cellplane/federation";
import { formatTime } from "../shared/format-time.ts";
import { storeStatus } from "../sync/report-status.ts";
import type { SyncedType } from "../sync/sync-dependencies.ts";
import { dependencyKinds, type DependencySources } from "./dependency-sources.ts";
import {
  type DependencyDependencies,
  type ObservedDependencies,
  observeDependencies,
} from "./observe-dependencies.ts";

// How soon a cache that is being filled is asked again.
const notKnownMs = 500;

/** Keeps the federated objects that workloads of one namespace need; the key is the namespace. */
export function createDependencyReconciler(
  deps: DependencyDependencies,
  sources: DependencySources,
): Reconciler {
  return async (namespace, signal): Promise<Outcome> => {
    const known = observeDependencies(namespace, sources, deps);
    if (!known) return { kind: "recheck", afterMs: notKnownMs, because: "notSynced" };
    const isConcerned =
      known.followers.some(({ follower }) => follower.follows === "on") ||
      Array.from(known.view.existing.values()).some(isGenerated);
    if (isConcerned) {
      const { operations, problems } = planDependencies(known.view);
      const refused: DependencyProblem[] = [];
      let isOvertaken = false;
      for (const operation of operations) {
        const result = await perform(operation, namespace, deps, signal);
        if (result.kind === "refused") refused.push({ key: operation.key, why: result.why });
        if (result.kind === "overtaken") isOvertaken = true;
      }
      await report(known, problems, { refused, deps }, signal);
      if (isOvertaken) return { kind: "retry", reason: "an object was written by somebody else" };
      if (refused.length > 0) return { kind: "retry", reason: refused[0]?.why ?? "" };
      return { kind: "done" };
    }
    await report(known, new Map(), { refused: [], deps }, signal);
    return { kind: "done" };
  };
}

type Performed =
  | { readonly kind: "done" }
  | { readonly kind: "overtaken" }
  | { readonly kind: "refused"; readonly why: string };

async function perform(
  operation: DependencyOperation,
  namespace: string,
  deps: DependencyDependencies,
  signal: AbortSignal,
): Promise<Performed> {
  const type = typeOf(operation, deps);
  if (!type) return { kind: "overtaken" };
  const path = { ...type.path, namespace };
  const { object } = operation;
  try {
    if (operation.kind === "delete") {
      const { name = "", uid = "", resourceVersion = "" } = object.metadata;
      // Only what was decided upon: somebody may just have made it their own.
      const preconditions = { uid, resourceVersion };
      await deps.client.delete(path, name, { preconditions }, signal);
      return { kind: "done" };
    }
    const stored =
      operation.kind === "create"
        ? await deps.client.create(path, object, {}, signal)
        : await deps.client.update(path, object, {}, signal);
    type.objects.record(stored);
    return { kind: "done" };
  } catch (error) {
    if (isStatus(error, "NotFound")) return { kind: "done" };
    if (isStatus(error, "Conflict") || isStatus(error, "AlreadyExists")) {
      return { kind: "overtaken" };
    }
    if (!isStatus(error, "Forbidden") && !isStatus(error, "Invalid")) throw error;
    return { kind: "refused", why: error instanceof Error ? error.message : String(error) };
  }
}

function typeOf(
  { key }: DependencyOperation,
  { types }: DependencyDependencies,
): SyncedType | undefined {
  const kind = key.slice(0, key.indexOf("/"));
  const found = dependencyKinds.find((each) => each.kind === kind);
  return found && types.get(found.typeName)?.type;
}

/** Writes the condition of each workload that asks to be followed, and takes others' away. */
async function report(
  { followers }: ObservedDependencies,
  problems: ReadonlyMap<string, readonly DependencyProblem[]>,
  {
    refused,
    deps,
  }: { readonly refused: readonly DependencyProblem[]; readonly deps: DependencyDependencies },
  signal: AbortSignal,
): Promise<void> {
  const now = formatTime(deps.nowMs());
  for (const { follower, type, object } of followers) {
    const own = problems.get(follower.words);
    const needs = new Set(follower.needs.map(({ kind, name }) => `${kind}/${name}`));
    const all = own && [...own, ...refused.filter(({ key }) => needs.has(key))];
    const status = dependenciesCondition(object, all, now);
    if (status) await storeStatus(object, status, { type, deps }, signal);
  }
}
