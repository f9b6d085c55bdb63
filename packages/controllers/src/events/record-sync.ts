import type { SyncPlan, SyncView, TopologyReport } from "@cellplane/federation";
import type { DecisionResult } from "../sync/act.ts";
import type { SyncedType } from "../sync/sync-dependencies.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { syncEvents } from "./sync-events.ts";

/** Records what one reconcile of a federated object came to. */
export function recordSync(
  story: {
    readonly view: SyncView;
    readonly plan: SyncPlan;
    readonly results: readonly DecisionResult[];
    readonly reports: readonly TopologyReport[];
  },
  { typeConfig }: SyncedType,
  recorder: EventRecorder,
): void {
  const { view, plan, results, reports } = story;
  const events = syncEvents({
    object: view.object,
    targetKind: typeConfig.targetType.kind,
    federatedKind: typeConfig.federatedType.kind,
    plan,
    results,
    reports,
    isStarting: (member) => {
      const observation = view.members.get(member)?.observation;
      return observation?.kind === "unsynced" && observation.isStarting === true;
    },
  });
  for (const event of events) recorder.record(view.object, event);
}
