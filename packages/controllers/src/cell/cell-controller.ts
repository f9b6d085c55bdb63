import { isStatus } from "@cellplane/apimachinery";
import { type Outcome, type RestClient, WorkQueue } from "@cellplane/client";
import {
  type Cell,
  cellOfCluster,
  cellsNeedClusterScope,
  finalizers,
  type KubeFedCluster,
  memberNameOfCell,
} from "@cellplane/federation";
import type { EventRecorder } from "../events/event-recorder.ts";
import type { FederationMetrics } from "../metrics/federation-metrics.ts";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import type { FederationSettings } from "../shared/federation-settings.ts";
import { cells, kubeFedClusters } from "../shared/federation-resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { byCluster, type SharedInformers } from "../shared/shared-informers.ts";
import { CellEvents } from "./cell-events.ts";
import { deriveCluster, isDerivedCluster } from "./derive-cluster.ts";

/** Keeps one derived KubeFedCluster `N.C` for each Cell `C` of namespace `N`, and removes it with the Cell. */
export function createCellController(deps: {
  readonly client: RestClient;
  readonly shared: SharedInformers;
  readonly systemNamespace: string;
  readonly settings: () => FederationSettings;
  readonly onError: ErrorReporter;
  readonly recorder: EventRecorder;
  readonly metrics: FederationMetrics;
}): Controller {
  const name = "cell";
  const { client, shared } = deps;
  const queue = new WorkQueue();
  const events = new CellEvents(deps.recorder);
  const add = ({ metadata }: Cell): void =>
    queue.add(`${metadata.namespace ?? ""}/${metadata.name ?? ""}`);
  const addCellsOf = (cluster: KubeFedCluster): void => {
    const cell = cellOfCluster(cluster);
    if (cell) queue.add(`${cell.namespace}/${cell.cell}`);
    for (const each of shared.cells.byIndex(byCluster, cluster.metadata.name ?? "")) add(each);
  };
  shared.cells.addHandler({ onAdd: add, onUpdate: add, onDelete: add });
  shared.clusters.addHandler({ onAdd: addCellsOf, onUpdate: addCellsOf, onDelete: addCellsOf });
  shared.namespaces.addHandler({
    onUpdate: ({ metadata }) => {
      for (const cell of shared.cells.list()) {
        if (cell.metadata.namespace === metadata.name) add(cell);
      }
    },
  });

  const addAll = (): void => shared.cells.list().forEach(add);
  shared.configs.addHandler({ onAdd: addAll, onUpdate: addAll, onDelete: addAll });

  const path = { ...kubeFedClusters, namespace: deps.systemNamespace };
  const clusterOf = (cluster: string): KubeFedCluster | undefined =>
    shared.clusters.get(`${deps.systemNamespace}/${cluster}`);

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const [namespace = "", cellName = ""] = key.split("/");
    const cell = shared.cells.get(key);
    const member = memberNameOfCell(namespace, cellName);
    if (!cell || cell.metadata.deletionTimestamp !== undefined) {
      const removed = await removeDerived(client, path, clusterOf(member), signal);
      if (cell && removed) events.tell(cell, { kind: "removed", member });
      if (cell) await setFinalizers(client, cell, "remove", signal);
      events.forget(key);
      return { kind: "done" };
    }
    await setFinalizers(client, cell, "add", signal);
    const cluster = cell.spec.clusterRef.name;
    const joined = clusterOf(cluster);
    const problem = problemOf(cell, joined, deps.settings());
    // The watch brings the cell again as soon as its cluster is joined.
    if (!joined || problem !== undefined) {
      events.tell(cell, { kind: "refused", message: problem ?? "" });
      return { kind: "done" };
    }
    const labels = shared.namespaces.get(namespace)?.metadata.labels ?? {};
    const desired = deriveCluster(cell, joined, labels);
    const outcome = await applyDerived(deps, clusterOf(member), desired, signal);
    if (outcome === "same") events.forget(key);
    else events.tell(cell, { kind: outcome, member, cluster });
    return { kind: "done" };
  };

  return {
    name,
    run: (signal) =>
      runKeyed(
        {
          name,
          informers: [],
          queue,
          reconcile,
          workers: 8,
          onError: deps.onError,
          metrics: deps.metrics.controllers,
        },
        signal,
      ),
  };
}

/** Why nothing is derived from a Cell; admission refuses most of it, where there is one. */
function problemOf(
  { spec }: Cell,
  joined: KubeFedCluster | undefined,
  { scope }: FederationSettings,
): string | undefined {
  if (scope === "Namespaced") {
    return cellsNeedClusterScope;
  }
  return joined ? undefined : `KubeFedCluster ${JSON.stringify(spec.clusterRef.name)} not found`;
}

async function applyDerived(
  deps: {
    readonly client: RestClient;
    readonly shared: SharedInformers;
    readonly systemNamespace: string;
  },
  current: KubeFedCluster | undefined,
  desired: KubeFedCluster,
  signal: AbortSignal,
): Promise<"derived" | "changed" | "same"> {
  const path = { ...kubeFedClusters, namespace: deps.systemNamespace };
  if (!current) {
    try {
      const created = await deps.client.create(path, desired, {}, signal);
      deps.shared.clusters.record(created as KubeFedCluster);
    } catch (error) {
      // The watch brings what is there.
      if (!isStatus(error, "AlreadyExists")) throw error;
      return "same";
    }
    return "derived";
  }
  if (isDerivedCluster(current, desired)) return "same";
  const object = {
    ...current,
    metadata: { ...current.metadata, labels: desired.metadata.labels ?? {} },
    spec: desired.spec,
  };
  const updated = await deps.client.update(path, object, {}, signal);
  deps.shared.clusters.record(updated as KubeFedCluster);
  return "changed";
}

/** Whether there was one. */
async function removeDerived(
  client: RestClient,
  path: typeof kubeFedClusters,
  derived: KubeFedCluster | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (!derived || !cellOfCluster(derived)) return false;
  try {
    await client.delete(path, derived.metadata.name ?? "", {}, signal);
    return true;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    return false;
  }
}

async function setFinalizers(
  client: RestClient,
  cell: Cell,
  change: "add" | "remove",
  signal: AbortSignal,
): Promise<void> {
  const { namespace = "", name = "", resourceVersion, finalizers: current = [] } = cell.metadata;
  const has = current.includes(finalizers.cell);
  if (has === (change === "add")) return;
  const wanted =
    change === "add"
      ? [...current, finalizers.cell]
      : current.filter((each) => each !== finalizers.cell);
  const body = { metadata: { resourceVersion, finalizers: wanted } };
  try {
    await client.patch({ ...cells, namespace }, name, { type: "merge", body }, {}, signal);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}
