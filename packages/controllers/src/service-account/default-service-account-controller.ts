import { isStatus } from "@cellplane/apimachinery";
import { createInformer, type Outcome, type RestClient, WorkQueue } from "@cellplane/client";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { namespaces, serviceAccounts } from "../shared/resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";

/** Keeps a ServiceAccount `default` in every namespace that is not being deleted. */
export function createDefaultServiceAccountController(deps: {
  readonly client: RestClient;
  readonly onError: ErrorReporter;
}): Controller {
  const name = "default-service-account";
  const namespaceInformer = createInformer({ client: deps.client, path: namespaces });
  const accountInformer = createInformer({
    client: deps.client,
    path: serviceAccounts,
    fieldSelector: "metadata.name=default",
    metadataOnly: true,
  });
  const queue = new WorkQueue();
  const add = (object: { readonly metadata: { readonly name?: string } }): void =>
    queue.add(object.metadata.name ?? "");
  namespaceInformer.addHandler({ onAdd: add, onUpdate: add });
  accountInformer.addHandler({ onDelete: ({ metadata }) => queue.add(metadata.namespace ?? "") });

  const reconcile = async (namespace: string, signal: AbortSignal): Promise<Outcome> => {
    const found = namespaceInformer.get(namespace);
    if (!found || found.metadata.deletionTimestamp !== undefined) return { kind: "done" };
    if (accountInformer.get(`${namespace}/default`)) return { kind: "done" };
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    try {
      await deps.client.create({ ...serviceAccounts, namespace }, account, {}, signal);
    } catch (error) {
      if (!isStatus(error, "AlreadyExists") && !isStatus(error, "NotFound")) throw error;
    }
    return { kind: "done" };
  };

  return {
    name,
    run: (signal) =>
      runKeyed(
        {
          name,
          informers: [namespaceInformer, accountInformer],
          queue,
          reconcile,
          workers: 2,
          onError: deps.onError,
        },
        signal,
      ),
  };
}
