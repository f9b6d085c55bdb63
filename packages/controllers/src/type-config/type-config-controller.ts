import { type GroupResource, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import { type Informer, type Outcome, WorkQueue } from "@cellplane/client";
import {
  type FederatedObject,
  type FederatedTypeConfig,
  type FederatedTypeConfigStatus,
  kubefed,
} from "@cellplane/federation";
import type { Controller } from "../shared/controller.ts";
import { federatedTypeConfigs } from "../shared/federation-resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { createSyncController, type SyncController } from "../sync/sync-controller.ts";
import type { SyncDependencies } from "../sync/sync-dependencies.ts";
import { createNamespaceLimiter } from "./namespace-limiter.ts";
import { isEnabled, type RunningTypes } from "./running-types.ts";

interface Running {
  /** What it was started from: another one starts it anew. */
  readonly cause: string;
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
    running.set(key, { cause: causeOf(config), controller, stop: stopping, ended });
    // What its FederatedNamespaces say bears on every other type.
    if (key === kubefed.namespacesTypeConfig) tellOthers(controller.type.objects, either);
    deps.types.set(controller.type, either);
  };

  const tellOthers = (objects: Informer<FederatedObject>, until: AbortSignal): void => {
    const others = (): readonly SyncController[] =>
      Array.from(running.values(), ({ controller }) => controller).filter(
        ({ type }) => type.objects !== objects,
      );
    const tell = ({ metadata }: KubernetesObject): void => {
      for (const controller of others()) controller.addNamespace(metadata.namespace ?? "");
    };
    const tellAll = (): void => {
      for (const controller of others()) controller.addAll();
    };
    const handler = { onAdd: tell, onUpdate: tell, onDelete: tell, onStateChange: tellAll };
    objects.addHandler(handler, until);
  };

  const causeOf = ({ metadata }: FederatedTypeConfig): string =>
    `generation ${metadata.generation ?? 0}, scope ${deps.settings().scope}`;

  // In the scope Namespaced they are read, but not propagated.
  let limiting: { readonly cause: string; readonly stop: AbortController } | undefined;
  const limit = (config: FederatedTypeConfig | undefined, signal: AbortSignal): void => {
    const isWanted = deps.settings().scope === "Namespaced" && isEnabled(config);
    const cause = config && isWanted ? causeOf(config) : undefined;
    if (limiting?.cause === cause) return;
    limiting?.stop.abort();
    limiting = undefined;
    deps.types.limitBy(undefined);
    if (!config || cause === undefined) return;
    const stop = new AbortController();
    limiting = { cause, stop };
    const either = AbortSignal.any([signal, stop.signal]);
    const { federatedType } = config.spec;
    const { onError } = deps;
    const limiter = createNamespaceLimiter({
      client,
      namespace: systemNamespace,
      federatedType,
      onError,
    });
    tellOthers(limiter, either);
    deps.types.limitBy(limiter);
    // It never rejects for a server's failure.
    void limiter.run(either);
  };

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const config = shared.typeConfigs.get(`${systemNamespace}/${key}`);
    const { gates, scope } = deps.settings();
    // A control plane of one namespace has nothing to do with what belongs to whole clusters.
    const isInScope = scope === "Cluster" || config?.spec.targetType.scope === "Namespaced";
    const isOn = isEnabled(config) && gates.PushReconciler && isInScope;
    if (!isOn || !config || running.get(key)?.cause !== causeOf(config)) await stop(key);
    if (key === kubefed.namespacesTypeConfig) limit(config, signal);
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
          metrics: deps.metrics.controllers,
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
