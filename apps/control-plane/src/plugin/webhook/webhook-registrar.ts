import { isJsonEqual, isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import {
  createInformer,
  type Outcome,
  type ResourcePath,
  type RestClient,
  runController,
  WorkQueue,
} from "@cellplane/client";
import type { Controller, ErrorReporter } from "@cellplane/controllers";
import {
  clusterViewVersion,
  groups,
  topologyViewVersion,
  webhookConversion,
} from "@cellplane/federation";
import { renderWebhookConfigurations } from "./render-webhook-configurations.ts";
import { renderClientConfig, webhookPaths, type WebhookTarget } from "./webhook-target.ts";

const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
const admission = { group: "admissionregistration.k8s.io", version: "v1" };
const configurations = "webhook configurations";

/** Keeps the host told of where our webhooks are and whom they are trusted by. */
export interface WebhookRegistrar extends Controller {
  /** The certificate's authority has changed. */
  refresh(): void;
}

/**
 * Writes `spec.conversion` of every CRD with both views, also of kinds that are enabled later, and
 * the webhook configurations where the host serves those.
 */
export function createWebhookRegistrar(deps: {
  readonly client: RestClient;
  readonly target: WebhookTarget;
  /** PEM. */
  readonly caBundle: () => string;
  readonly admission: "served" | "missing";
  readonly onError: ErrorReporter;
}): WebhookRegistrar {
  const { client, target, caBundle } = deps;
  const name = "webhook-registrar";
  const queue = new WorkQueue();
  const report = (error: unknown): void => deps.onError(error, { controller: name });
  const informer = createInformer({ client, path: crds, trim: withoutSchemas, onError: report });
  const add = (crd: KubernetesObject): void => {
    if (!isFederated(crd)) return;
    queue.add(crd.metadata.name ?? "");
    queue.add(configurations);
  };
  informer.addHandler({ onAdd: add, onUpdate: add });
  const addAll = (): void => informer.list().forEach(add);

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    if (key === configurations) {
      if (deps.admission === "served") await applyConfigurations(signal);
      return { kind: "done" };
    }
    const crd = informer.get(key);
    if (!crd) return { kind: "done" };
    const config = renderClientConfig(target, webhookPaths.convert, caBundle());
    const wanted = webhookConversion(config);
    const found = specOf(crd)["conversion"];
    if (isJsonObject(found) && isJsonEqual(found, wanted)) return { kind: "done" };
    const body = [{ op: "add", path: "/spec/conversion", value: wanted }];
    await client.patch(crds, key, { type: "json", body }, {}, signal);
    return { kind: "done" };
  };

  const applyConfigurations = async (signal: AbortSignal): Promise<void> => {
    const federated = informer.list().filter(isFederated);
    const served = new Set([groups.types, ...federated.map(groupOf)]);
    for (const each of renderWebhookConfigurations(target, caBundle(), [...served].sort())) {
      const path = { ...admission, resource: `${each.kind?.toLowerCase() ?? ""}s` };
      const patch = { type: "apply", body: each } as const;
      const query = { fieldManager: "cellplane", force: true };
      await client.patch(path, each.metadata.name ?? "", patch, query, signal);
    }
  };

  return {
    name,
    refresh: addAll,
    async run(signal) {
      const running = informer.run(signal);
      await informer.waitForSync(signal);
      const options = { name, queue, reconcile, workers: 2, onError: report };
      await Promise.all([running, runController(options, signal)]);
    },
  };
}

function isFederated(crd: KubernetesObject): boolean {
  const { names, versions } = specOf(crd);
  const kind = isJsonObject(names) ? names["kind"] : undefined;
  if (typeof kind !== "string" || !kind.startsWith("Federated") || !Array.isArray(versions)) {
    return false;
  }
  const found = versions.map((version) => (isJsonObject(version) ? version["name"] : undefined));
  return found.includes(clusterViewVersion) && found.includes(topologyViewVersion);
}

function groupOf(crd: KubernetesObject): string {
  const { group } = specOf(crd);
  return typeof group === "string" ? group : "";
}

/** Schemas are by far the most of a CRD, and say nothing here. */
function withoutSchemas(crd: KubernetesObject): KubernetesObject {
  const { versions, ...spec } = specOf(crd);
  const names = (Array.isArray(versions) ? versions : []).map((version) => ({
    name: isJsonObject(version) ? (version["name"] ?? "") : "",
  }));
  const { managedFields: _, ...metadata } = crd.metadata;
  return { metadata, spec: { ...spec, versions: names } };
}

function specOf(crd: KubernetesObject): Readonly<Record<string, KubernetesObject["spec"]>> {
  return isJsonObject(crd["spec"]) ? crd["spec"] : {};
}
