import type { KubernetesObject } from "@cellplane/apimachinery";
import { createInformer, objectKey, WorkQueue } from "@cellplane/client";
import {
  annotations,
  type Cell,
  cellOfCluster,
  clusterViewVersion,
  type FederatedObject,
  type FederatedTypeConfigSpec,
  isClusterReady,
  kubefed,
  type KubeFedCluster,
  parseSource,
  type LastWrite,
  type PropagatedVersion,
  type SyncView,
} from "@cellplane/federation";
import type { Controller } from "../shared/controller.ts";
import { timed } from "../metrics/timed.ts";
import { followedIn } from "../shared/federation-settings.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { dropManagedFields } from "../shared/shared-informers.ts";
import { ledgerOwnerKey } from "./ledger-owner-key.ts";
import { countHeld } from "./count-held.ts";
import { LateWrites } from "./late-writes.ts";
import { MemberWatches } from "./member-watches.ts";
import { observe } from "./observe.ts";
import { RepairLog } from "./repair-log.ts";
import { StatusPace } from "./status-pace.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";
import { createSyncReconciler } from "./sync-reconciler.ts";
import { WriteLog } from "./write-log.ts";
import { waitForMembers } from "./wait-for-members.ts";

const byNamespace = "namespace";

/** A running type: its controller, and its objects for those who need them. */
export interface SyncController extends Controller {
  readonly type: SyncedType;
  /** Looks again at every object of a namespace. */
  addNamespace(namespace: string): void;
  /** Looks again at every object. */
  addAll(): void;
  /** What a reconcile of this object would know now; `undefined` while that is not read yet. */
  observe(object: FederatedObject): SyncView | undefined;
  /** The last write of an object to a member, if this process made it. */
  lastWrite(key: string, member: string): LastWrite | undefined;
}

/** Makes the sync controller of one FederatedTypeConfig; it listens to what is shared until `signal` aborts. */
export function createSyncController(
  deps: SyncDependencies,
  name: string,
  typeConfig: FederatedTypeConfigSpec,
  signal: AbortSignal,
): SyncController {
  const { federatedType } = typeConfig;
  const path = {
    group: federatedType.group ?? "",
    version: clusterViewVersion,
    resource: federatedType.pluralName,
  };
  const objects = createInformer<FederatedObject>({
    client: deps.client,
    path: { ...path, ...followedIn(deps.settings(), deps.systemNamespace) },
    trim: dropManagedFields,
    indexes: { [byNamespace]: ({ metadata }) => [metadata.namespace ?? ""] },
    onError: (error) => deps.onError(error, { resource: path.resource }),
  });
  countHeld(objects, deps.metrics.heldTopologies, signal);
  const type: SyncedType = { name, typeConfig, path, objects };
  // Namespaces take turns, so that one tenant's many objects do not starve another's.
  const queue = new WorkQueue({ groupOf: (key) => key.slice(0, key.lastIndexOf("/")) });
  const watches = new MemberWatches(
    deps,
    type,
    {
      onObject: (_cluster, object) => {
        const key = federatedKey(object, type, deps.controlPlaneId);
        if (key !== undefined && objects.get(key)) queue.addAfter(key, pace.delayFor(key));
      },
      onCluster: () => addAll(),
    },
    signal,
  );
  const repairs = new RepairLog();
  const writes = new WriteLog();
  const late = new LateWrites((key) => queue.add(key));
  const pace = new StatusPace(() => performance.now());
  const addAll = (): void => {
    for (const object of objects.list()) queue.add(objectKey(object));
  };
  const addNamespace = (namespace: string): void => {
    for (const object of objects.byIndex(byNamespace, namespace)) queue.add(objectKey(object));
  };
  const addConcerned = (cluster: KubeFedCluster): void => {
    const cell = cellOfCluster(cluster);
    if (cell) addNamespace(cell.namespace);
    else addAll();
  };

  const addObject = (object: FederatedObject): void => queue.add(objectKey(object));
  objects.addHandler({
    onAdd: addObject,
    onUpdate: (object, old) => {
      if (isPlanRelevant(object, old)) addObject(object);
    },
    onDelete: (object) => pace.forget(objectKey(object)),
  });
  const { shared } = deps;
  const clusterHandler = {
    onAdd: addConcerned,
    onUpdate: (cluster: KubeFedCluster, old: KubeFedCluster) => {
      if (isClusterChanged(cluster, old)) addConcerned(cluster);
    },
    onDelete: addConcerned,
  };
  const addCell = (cell: Cell): void => addNamespace(cell.metadata.namespace ?? "");
  const cellHandler = { onAdd: addCell, onUpdate: addCell, onDelete: addCell };
  const allHandler = { onAdd: addAll, onUpdate: addAll, onDelete: addAll };
  const namespaceHandler = {
    onAdd: ({ metadata }: KubernetesObject) => addNamespace(metadata.name ?? ""),
    onUpdate: (namespace: KubernetesObject, old: KubernetesObject) => {
      if (!isSame(namespace.metadata.labels, old.metadata.labels)) {
        addNamespace(namespace.metadata.name ?? "");
      }
    },
  };
  shared.clusters.addHandler(clusterHandler, signal);
  shared.cells.addHandler(cellHandler, signal);
  shared.topologyTypes.addHandler(allHandler, signal);
  shared.configs.addHandler(allHandler, signal);
  shared.namespaces.addHandler(namespaceHandler, signal);
  deps.pool.onChange(() => addAll(), signal);
  // A ledger that somebody deleted is written anew from what stands in the members.
  const onLedgerLoss = (ledger: PropagatedVersion): void => {
    const key = ledgerOwnerKey(ledger, objects);
    if (key !== undefined) queue.add(key);
  };
  shared.ledgers.addHandler({ onDelete: onLedgerLoss }, signal);
  shared.clusterLedgers.addHandler({ onDelete: onLedgerLoss }, signal);
  if (name === kubefed.namespacesTypeConfig) {
    // A namespace may wait for what stood in it.
    const ledgerHandler = {
      onUpdate: (ledger: PropagatedVersion, old: PropagatedVersion) => {
        if (entriesOf(ledger) < entriesOf(old)) addNamespace(ledger.metadata.namespace ?? "");
      },
      onDelete: ({ metadata }: PropagatedVersion) => addNamespace(metadata.namespace ?? ""),
    };
    shared.ledgers.addHandler(ledgerHandler, signal);
  }

  const reconcile = createSyncReconciler(deps, type, { watches, repairs, writes, late });
  return {
    name: `sync/${name}`,
    type,
    addNamespace,
    addAll,
    observe: (object) => observe(object, type, { key: objectKey(object), watches, repairs }, deps),
    lastWrite: (key, member) => writes.lastIn(key, member),
    run: (running) =>
      runKeyed(
        {
          name: `sync/${name}`,
          informers: [objects],
          prepare: (until) => waitForMembers(watches, deps, until),
          queue,
          reconcile: timed(reconcile, deps.metrics.reconcileSeconds),
          workers: {
            current: () => deps.settings().syncWorkers,
            onChange: (listener, until) =>
              shared.configs.addHandler(
                { onAdd: listener, onUpdate: listener, onDelete: listener },
                until,
              ),
          },
          onError: deps.onError,
          metrics: deps.metrics.controllers,
          metricName: federatedType.kind.toLowerCase(),
        },
        running,
      ),
  };
}

function entriesOf({ status }: PropagatedVersion): number {
  return status?.clusterVersions?.length ?? 0;
}

/** The federated object that a member object was written for, by its source or else by its name. */
export function federatedKey(
  object: KubernetesObject,
  { name, typeConfig }: SyncedType,
  controlPlaneId: string,
): string | undefined {
  const source = parseSource(object.metadata.annotations?.[annotations.source]);
  if (!source)
    return name === "namespaces" ? `${objectKey(object)}/${objectKey(object)}` : objectKey(object);
  if (source.controlPlaneId !== controlPlaneId) return undefined;
  if (source.kind.split(".")[0] !== typeConfig.federatedType.kind) return undefined;
  return source.namespace === "" ? source.name : `${source.namespace}/${source.name}`;
}

/** One's own status writes change nothing that a plan is made from. */
function isPlanRelevant(object: FederatedObject, old: FederatedObject): boolean {
  return (
    object.metadata.generation !== old.metadata.generation ||
    object.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    !isSame(object.metadata.annotations, old.metadata.annotations) ||
    !isSame(object.metadata.labels, old.metadata.labels) ||
    !isSame(object.metadata.finalizers, old.metadata.finalizers)
  );
}

function isClusterChanged(cluster: KubeFedCluster, old: KubeFedCluster): boolean {
  return (
    isClusterReady(cluster) !== isClusterReady(old) ||
    !isSame(cluster.metadata.labels, old.metadata.labels) ||
    !isSame(cluster.spec, old.spec)
  );
}

function isSame(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}
