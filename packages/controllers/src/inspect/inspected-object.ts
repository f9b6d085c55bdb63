import {
  type GroupResource,
  isStatus,
  notFound,
  StatusError,
  unknownResource,
} from "@cellplane/apimachinery";
import type { FederatedObject, SyncPlan, SyncView } from "@cellplane/federation";
import type { MemberPool } from "../members/member-pool.ts";
import type { SharedInformers } from "../shared/shared-informers.ts";
import type { SyncController } from "../sync/sync-controller.ts";
import type { PlanSync } from "../sync/sync-dependencies.ts";

/** A federated object that is asked about. */
export interface InspectedRef {
  /** The federated kind: its group and plural. */
  readonly federated: GroupResource;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly name: string;
}

/** What running controllers let be asked. */
export interface InspectedControllers {
  readonly pool: MemberPool;
  readonly shared: SharedInformers;
  readonly plan: PlanSync;
  readonly syncOf: (federated: GroupResource) => SyncController | undefined;
}

/** An object as its controller sees it now, and what it would do. */
export interface InspectedObject {
  readonly key: string;
  readonly object: FederatedObject;
  readonly controller: SyncController;
  readonly view: SyncView;
  readonly plan: SyncPlan;
}

/**
 * Looks at an object as its running controller does.
 *
 * @throws {StatusError} NotFound, or ServiceUnavailable while the controller is still reading.
 */
export function inspectObject(
  { federated, namespace, name }: InspectedRef,
  controllers: InspectedControllers,
): InspectedObject {
  const controller = findController(federated, controllers);
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  const object = controller.type.objects.get(key);
  if (!object) throw notFound({ ...federated, name });
  const view = controller.observe(object);
  if (!view) throw starting();
  return { key, object, controller, view, plan: controllers.plan(view) };
}

function findController(
  federated: GroupResource,
  { shared, syncOf }: InspectedControllers,
): SyncController {
  const found = syncOf(federated);
  if (found?.type.objects.hasSynced === true) return found;
  const { group, resource } = federated;
  const isKnown = shared.typeConfigs
    .list()
    .some(
      ({ spec: { federatedType, propagation } }) =>
        propagation === "Enabled" &&
        (federatedType.group ?? "") === group &&
        federatedType.pluralName === resource,
    );
  if (shared.typeConfigs.hasSynced && !isKnown) throw unknownResource();
  throw starting();
}

/** 503: whoever asks may ask again in a moment. */
export function starting(): StatusError {
  const message =
    "Cannot inspect as the federation's controllers must be running here: they are starting, or another process leads";
  return new StatusError("ServiceUnavailable", message, { details: { retryAfterSeconds: 1 } });
}

/** What a member said against a request; of a Secret only its reason, for the rest may quote values. */
export function refusalOf(error: unknown, isSecret: boolean): string {
  if (isSecret && error instanceof StatusError) return error.reason;
  if (isStatus(error, "NotFound")) return `${error.message} (it is made with the first write)`;
  return error instanceof Error ? error.message : String(error);
}
