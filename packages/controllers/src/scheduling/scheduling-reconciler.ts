import { isStatus } from "@cellplane/apimachinery";
import type { Informer, Outcome, Reconciler } from "@cellplane/client";
import {
  type FederatedObject,
  planScheduling,
  type ReplicaSchedulingPreference,
  type SchedulingDecision,
  schedulingStatus,
  withoutSchedule,
} from "@cellplane/federation";
import { formatTime } from "../shared/format-time.ts";
import { replicaSchedulingPreferences } from "../shared/federation-resources.ts";
import type { MemberWatches } from "../sync/member-watches.ts";
import { placementViewOf } from "../sync/placement-view.ts";
import type { SyncDependencies, SyncedType } from "../sync/sync-dependencies.ts";
import type { RunningTypes } from "../type-config/running-types.ts";
import { observeReplicas } from "./observe-replicas.ts";
import { schedulableKinds, schedulableTypes } from "./schedulable-types.ts";

// How soon a cache that is being filled is asked again.
const notKnownMs = 500;

/** What the reconciler of preferences works with. */
export interface SchedulingContext {
  readonly deps: SyncDependencies & { readonly types: RunningTypes };
  readonly preferences: Informer<ReplicaSchedulingPreference>;
  readonly watchesOf: (type: SyncedType) => MemberWatches;
}

/** Follows the preference `namespace/name`; takes back what one that is gone had given. */
export function createSchedulingReconciler(context: SchedulingContext): Reconciler {
  const { deps, preferences } = context;
  return async (key, signal): Promise<Outcome> => {
    const running = schedulableTypes(deps.types).map(({ type }) => type);
    if (running.some(({ objects }) => !objects.hasSynced)) {
      return { kind: "recheck", afterMs: notKnownMs, because: "notSynced" };
    }
    const found = preferences.get(key);
    const preference = found?.metadata.deletionTimestamp === undefined ? found : undefined;
    const kind = preference?.spec.targetKind;
    for (const type of running) {
      const object = type.objects.get(key);
      if (!object || type.typeConfig.federatedType.kind === kind) continue;
      await storeObject(object, withoutSchedule(object), { type, deps }, signal);
    }
    if (!preference) return { kind: "done" };
    const type = running.find(({ typeConfig }) => typeConfig.federatedType.kind === kind);
    return schedule(preference, type, context, signal);
  };
}

async function schedule(
  preference: ReplicaSchedulingPreference,
  type: SyncedType | undefined,
  context: SchedulingContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const { deps } = context;
  const { namespace = "", name = "" } = preference.metadata;
  const object = type?.objects.get(`${namespace}/${name}`);
  if (!type || !object || object.metadata.deletionTimestamp !== undefined) {
    await storeStatus(preference, { members: [], ...whyNot(preference, type) }, context, signal);
    return { kind: "done" };
  }
  const place = placementViewOf(object, type, deps);
  if (!place) return { kind: "recheck", afterMs: notKnownMs, because: "notSynced" };
  const members = { deps, watches: context.watchesOf(type) };
  const { replicas, nextAtMs } = await observeReplicas(object, type, place, members, signal);
  const decision = planScheduling({ ...place, preference, replicas });
  const outcome = await storeObject(object, decision.object, { type, deps }, signal);
  const told = outcome.kind === "refused" ? { ...decision, ...refusal(outcome.message) } : decision;
  if (outcome.kind !== "lost") await storeStatus(preference, told, context, signal);
  if (outcome.kind !== "stored") return { kind: "retry", reason: outcome.kind };
  if (nextAtMs === undefined) return { kind: "done" };
  return { kind: "recheck", afterMs: Math.max(100, nextAtMs - deps.nowMs()) };
}

type Told = Pick<SchedulingDecision, "status" | "reason" | "message">;

function whyNot({ spec }: ReplicaSchedulingPreference, type: SyncedType | undefined): Told {
  const kind = JSON.stringify(spec.targetKind);
  const status = "False";
  if (!schedulableKinds.includes(spec.targetKind)) {
    const message = `spec.targetKind must be one of ${schedulableKinds.join(", ")}: it is ${kind}`;
    return { status, reason: "TargetKindNotSupported", message };
  }
  if (!type) {
    return { status, reason: "TypeNotEnabled", message: `no FederatedTypeConfig enables ${kind}` };
  }
  const message = `there is no ${spec.targetKind} of this name and namespace`;
  return { status, reason: "TargetNotFound", message };
}

function refusal(message: string): Told {
  return { status: "False", reason: "Refused", message };
}

type StoreOutcome =
  | { readonly kind: "stored" }
  /** It is gone, or a newer state is on its way. */
  | { readonly kind: "lost" }
  | { readonly kind: "refused"; readonly message: string };

/** Writes what was decided; nothing where that is what there is. */
async function storeObject(
  object: FederatedObject,
  next: FederatedObject,
  { type, deps }: { readonly type: SyncedType; readonly deps: SyncDependencies },
  signal: AbortSignal,
): Promise<StoreOutcome> {
  if (next === object) return { kind: "stored" };
  const { namespace = "" } = object.metadata;
  try {
    const stored = await deps.client.update({ ...type.path, namespace }, next, {}, signal);
    type.objects.record(stored);
    return { kind: "stored" };
  } catch (error) {
    if (isStatus(error, "NotFound") || isStatus(error, "Conflict")) return { kind: "lost" };
    if (!isStatus(error, "Invalid") && !isStatus(error, "Forbidden")) throw error;
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  }
}

async function storeStatus(
  preference: ReplicaSchedulingPreference,
  decision: Told & Pick<SchedulingDecision, "members">,
  { deps, preferences }: SchedulingContext,
  signal: AbortSignal,
): Promise<void> {
  const status = schedulingStatus(preference, decision, formatTime(deps.nowMs()));
  if (status === preference.status) return;
  const { namespace = "" } = preference.metadata;
  const path = { ...replicaSchedulingPreferences, namespace };
  try {
    const body = { ...preference, status };
    const stored = await deps.client.update(path, body, { subresource: "status" }, signal);
    preferences.record(stored as ReplicaSchedulingPreference);
  } catch (error) {
    // The newer state is on its way, and with it this key.
    if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
  }
}
