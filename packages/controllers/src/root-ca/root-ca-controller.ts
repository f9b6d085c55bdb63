import { isStatus } from "@cellplane/apimachinery";
import { createInformer, type Outcome, type RestClient, WorkQueue } from "@cellplane/client";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { configMaps, namespaces } from "../shared/resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";

const configMapName = "kube-root-ca.crt";

/** Keeps the ConfigMap `kube-root-ca.crt`, with the server's CA, in every namespace. */
export function createRootCaController(deps: {
  readonly client: RestClient;
  /** PEM. */
  readonly caBundle: string;
  readonly onError: ErrorReporter;
}): Controller {
  const name = "root-ca";
  const namespaceInformer = createInformer({ client: deps.client, path: namespaces });
  const mapInformer = createInformer({
    client: deps.client,
    path: configMaps,
    fieldSelector: `metadata.name=${configMapName}`,
  });
  const queue = new WorkQueue();
  const addName = (object: { readonly metadata: { readonly name?: string } }): void =>
    queue.add(object.metadata.name ?? "");
  const addNamespace = (object: { readonly metadata: { readonly namespace?: string } }): void =>
    queue.add(object.metadata.namespace ?? "");
  namespaceInformer.addHandler({ onAdd: addName, onUpdate: addName });
  mapInformer.addHandler({ onUpdate: addNamespace, onDelete: addNamespace });

  const desired = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: configMapName,
      annotations: {
        "kubernetes.io/description":
          "CA bundle that verifies this API server; kept up to date by the root-ca controller",
      },
    },
    data: { "ca.crt": deps.caBundle },
  };

  const reconcile = async (namespace: string, signal: AbortSignal): Promise<Outcome> => {
    const found = namespaceInformer.get(namespace);
    if (!found || found.metadata.deletionTimestamp !== undefined) return { kind: "done" };
    const path = { ...configMaps, namespace };
    const current = mapInformer.get(`${namespace}/${configMapName}`);
    try {
      if (!current) await deps.client.create(path, desired, {}, signal);
      else if (JSON.stringify(current["data"]) !== JSON.stringify(desired.data)) {
        await deps.client.update(path, { ...current, data: desired.data }, {}, signal);
      }
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
          informers: [namespaceInformer, mapInformer],
          queue,
          reconcile,
          workers: 2,
          onError: deps.onError,
        },
        signal,
      ),
  };
}
