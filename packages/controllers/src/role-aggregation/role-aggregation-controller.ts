import { isStatus } from "@cellplane/apimachinery";
import { createInformer, type Outcome, type RestClient, WorkQueue } from "@cellplane/client";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { clusterRoles } from "../shared/resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { aggregateRules } from "./aggregate-rules.ts";

/** Fills the rules of ClusterRoles with an `aggregationRule` (`admin`, `edit`, `view`, …). */
export function createRoleAggregationController(deps: {
  readonly client: RestClient;
  readonly onError: ErrorReporter;
}): Controller {
  const name = "role-aggregation";
  const roles = createInformer({ client: deps.client, path: clusterRoles });
  const queue = new WorkQueue();
  const addAll = (): void => {
    for (const role of roles.list()) {
      if (role["aggregationRule"] !== undefined) queue.add(role.metadata.name ?? "");
    }
  };
  roles.addHandler({ onAdd: addAll, onUpdate: addAll, onDelete: addAll });

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const role = roles.get(key);
    if (!role) return { kind: "done" };
    const rules = aggregateRules(role, roles.list());
    if (!rules || JSON.stringify(rules) === JSON.stringify(role["rules"] ?? [])) {
      return { kind: "done" };
    }
    try {
      await deps.client.update(clusterRoles, { ...role, rules }, {}, signal);
    } catch (error) {
      // The watch brings the newer role, and with it this key, again.
      if (!isStatus(error, "Conflict") && !isStatus(error, "NotFound")) throw error;
    }
    return { kind: "done" };
  };

  return {
    name,
    run: (signal) =>
      runKeyed(
        { name, informers: [roles], queue, reconcile, workers: 1, onError: deps.onError },
        signal,
      ),
  };
}
