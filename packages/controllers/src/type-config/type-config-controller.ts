import { type GroupResource, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import { type Outcome, WorkQueue } from "@cellplane/client";
import {
  type FederatedTypeConfig,
  type FederatedTypeConfigStatus,
  kubefed,
} from "@cellplane/federation";
import type { Controller } from "../shared/controller.ts";
import { federatedTypeConfigs } from "../shared/federation-resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { createSyncController, type SyncController } from "../sync/sync-controller.ts";
import type { SyncDependencies } from "../sync/sync-dependencies.ts";
import { isEnabled, type RunningTypes } from "./running-types.ts";

interface Running {
  /** Of the FederatedTypeConfig it was started from. */
  readonly generation: number;
  readonly controller: SyncController;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** What knows the sync controllers that run now. */
export interface TypeConfigController extends Controller {
  /** That of a federated kind, by its plural and group; `undefined` where none runs. */
  syncOf(federated: GroupResource): SyncController | undefined;
}

/** Starts and stops one sync controller per FederatedTypeConfig, and says in its status which runs. */
export function createTypeConfigController(
  deps: SyncDependencies & {
    /** Where it tells which types run. */
    readonly types: RunningTypes;
  },
): TypeConfigController {
  const name = "type-config";
  const { client, shared, systemNamespace } = deps;
  const queue = new WorkQueue();
  const running = new Map<string, Running>();
  const add = ({ metadata }: FederatedTypeConfig): void => queue.add(metadata.name ?? "");
  shared.typeConfigs.addHandler({ onAdd: add, onUpdate: add, onDelete: add });
  // The gate may have been switched.
  const addAll = (): void => {
    for (const config of shared.typeConfigs.list()) add(config);
  };
  shared.configs.addHandler({ onAdd: addAll, onUpdate: addAll, onDelete: addAll });

  const stop = async (key: string): Promise<void> => {
    const entry = running.get(key);
    if (!entry) return;
    running.delete(key);
    deps.types.delete(key);
    entry.stop.abort();
    await entry.ended;
  };

  const start = (config: FederatedTypeConfig, key: string, signal: AbortSignal): void => {
    const stopping = new AbortController();
    const either = AbortSignal.any([signal, stopping.signal]);
    const controller = createSyncController(deps, key, config.spec, either);
    const ended = controller
      .run(either)
      .catch((error: unknown) => deps.onError(error, { controller: controller.name }));
    const { generation = 0 } = config.metadata;
    running.set(key, { generation, controller, stop: stopping, ended });
    // What its FederatedNamespaces say bears on every other type.
    if (key === kubefed.namespacesTypeConfig) tellOthers(controller);
    deps.types.set(controller.type, either);
  };

  const tellOthers = (namespaces: SyncController): void => {
    const tell = ({ metadata }: KubernetesObject): void => {
      for (const { controller } of running.values()) {
        if (controller !== namespaces) controller.addNamespace(metadata.namespace ?? "");
      }
    };
    const tellAll = (): void => {
      for (const { controller } of running.values())
        if (controller !== namespaces) controller.addAll();
    };
    namespaces.type.objects.addHandler({
      onAdd: tell,
      onUpdate: tell,
      onDelete: tell,
      onStateChange: tellAll,
    });
  };

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const config = shared.typeConfigs.get(`${systemNamespace}/${key}`);
    const isOn = isEnabled(config) && deps.settings().gates.PushReconciler;
    const generation = config?.metadata.generation ?? 0;
    if (!isOn || running.get(key)?.generation !== generation) await stop(key);
    if (config && isOn && !running.has(key)) start(config, key, signal);
    if (config) await writeStatus(config, running.has(key), signal);
    return { kind: "done" };
  };

  return {
    name,
    syncOf: ({ group, resource }) =>
      Array.from(running.values(), ({ controller }) => controller).find(
        ({ type: { path } }) => path.group === group && path.resource === resource,
      ),
    async run(signal) {
      await runKeyed(
        {
          name,
          informers: [],
          queue,
          // A type's controllers live as long as this one does, not as long as one reconcile.
          reconcile: (key) => reconcile(key, signal),
          workers: 4,
          onError: deps.onError,
        },
        signal,
      );
      await Promise.all(Array.from(running.keys(), stop));
    },
  };

  async function writeStatus(
    config: FederatedTypeConfig,
    isRunning: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const state = isRunning ? "Running" : "NotRunning";
    const status: FederatedTypeConfigStatus = {
      observedGeneration: config.metadata.generation ?? 0,
      propagationController: state,
      statusController: config.spec.statusCollection === "Disabled" ? "NotRunning" : state,
    };
    if (JSON.stringify(status) === JSON.stringify(config.status)) return;
    const path = { ...federatedTypeConfigs, namespace: systemNamespace };
    const patch = { type: "merge", body: { status }, subresource: "status" } as const;
    try {
      const stored = await client.patch(path, config.metadata.name ?? "", patch, {}, signal);
      shared.typeConfigs.record(stored as FederatedTypeConfig);
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}
