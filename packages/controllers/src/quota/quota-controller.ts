import { isStatus } from "@cellplane/apimachinery";
import {
  createInformer,
  objectKey,
  type Outcome,
  type RestClient,
  WorkQueue,
} from "@cellplane/client";
import {
  federatedObjectsKey,
  limitsTenant,
  quotaStatus,
  type TenantQuota,
  tenantOf,
} from "@cellplane/federation";
import type { FederationMetrics } from "../metrics/federation-metrics.ts";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { tenantQuotas } from "../shared/federation-resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import {
  byNamespace,
  dropManagedFields,
  type SharedInformers,
} from "../shared/shared-informers.ts";
import type { RunningType, RunningTypes } from "../type-config/running-types.ts";

const name = "quota";
// Of many objects that come or go together, the status tells once.
const settleMs = 200;
const cellsKey = "count/cells.cellplane.io";

/** Keeps the status of TenantQuotas: what there is. What may be created is decided by admission. */
export function createQuotaController(deps: {
  readonly client: RestClient;
  readonly shared: SharedInformers;
  readonly types: RunningTypes;
  readonly onError: ErrorReporter;
  readonly metrics: FederationMetrics;
}): Controller {
  const { client, shared, types, onError } = deps;
  const quotas = createInformer<TenantQuota>({
    client,
    path: tenantQuotas,
    trim: dropManagedFields,
    onError: (error) => onError(error, { resource: tenantQuotas.resource }),
  });
  const queue = new WorkQueue();
  const addAll = (): void => {
    for (const quota of quotas.list()) queue.addAfter(objectKey(quota), settleMs);
  };

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const quota = quotas.get(key);
    if (!quota) return { kind: "done" };
    const status = quotaStatus(quota, (each) => countOf(each, quota, { shared, types }));
    if (status === quota.status) return { kind: "done" };
    try {
      const body = { ...quota, status };
      const stored = await client.update(tenantQuotas, body, { subresource: "status" }, signal);
      quotas.record(stored as TenantQuota);
      return { kind: "done" };
    } catch (error) {
      if (isStatus(error, "NotFound")) return { kind: "done" };
      if (isStatus(error, "Conflict")) return { kind: "retry", reason: "the quota has changed" };
      throw error;
    }
  };

  return {
    name,
    async run(signal) {
      const attached = new Set<RunningType>();
      const attach = (): void => {
        for (const running of types.list()) {
          if (attached.has(running)) continue;
          attached.add(running);
          const until = AbortSignal.any([signal, running.signal]);
          running.type.objects.addHandler({ onAdd: addAll, onDelete: addAll }, until);
          until.addEventListener("abort", () => attached.delete(running), { once: true });
        }
        addAll();
      };
      const add = (quota: TenantQuota): void => queue.add(objectKey(quota));
      quotas.addHandler({ onAdd: add, onUpdate: add }, signal);
      types.onChange(attach, signal);
      attach();
      const all = { onAdd: addAll, onDelete: addAll };
      shared.cells.addHandler(all, signal);
      const onUpdate = addAll;
      shared.namespaces.addHandler({ ...all, onUpdate }, signal);
      const keyed = { name, informers: [quotas], queue, reconcile, workers: 1, onError };
      await runKeyed({ ...keyed, metrics: deps.metrics.controllers }, signal);
    },
  };
}

function countOf(
  key: string,
  quota: TenantQuota,
  { shared, types }: { readonly shared: SharedInformers; readonly types: RunningTypes },
): number {
  const homes = shared.namespaces
    .list()
    .filter(({ metadata }) => limitsTenant(quota, tenantOf(metadata.labels)))
    .map(({ metadata }) => metadata.name ?? "");
  if (key === cellsKey) {
    const own = new Set(homes);
    return shared.cells.list().filter(({ metadata }) => own.has(metadata.namespace ?? "")).length;
  }
  let sum = 0;
  for (const { type } of types.list()) {
    const { pluralName, group = "", scope } = type.typeConfig.federatedType;
    if (key !== federatedObjectsKey && key !== `count/${pluralName}.${group}`) continue;
    if (scope === "Cluster") {
      sum += type.objects
        .list()
        .filter(({ metadata }) => limitsTenant(quota, tenantOf(metadata.labels))).length;
      continue;
    }
    for (const home of homes) sum += type.objects.byIndex(byNamespace, home).length;
  }
  return sum;
}
