import {
  formatGroupResource,
  isJsonArray,
  isJsonObject,
  isStatus,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import {
  createInformer,
  type DiscoveredResource,
  discoverResources,
  type Outcome,
  type RestClient,
  WorkQueue,
} from "@cellplane/client";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { formatTime } from "../shared/format-time.ts";
import { namespaces } from "../shared/resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import {
  computeNamespaceConditions,
  isEmpty,
  type NamespaceContents,
} from "./namespace-conditions.ts";

const finalizer = "kubernetes";
// How soon a namespace with contents left is looked at again; nothing tells when a foreign finalizer goes.
const recheckMs = 1000;

/** Deletes what is in a deleted namespace, says in its conditions what is left, and lets it go when it is empty. */
export function createNamespaceController(deps: {
  readonly client: RestClient;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
}): Controller {
  const name = "namespace";
  const { client } = deps;
  const informer = createInformer({ client, path: namespaces });
  const queue = new WorkQueue();
  const add = (object: KubernetesObject): void => {
    if (object.metadata.deletionTimestamp !== undefined) queue.add(object.metadata.name ?? "");
  };
  informer.addHandler({ onAdd: add, onUpdate: add });

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const namespace = informer.get(key);
    if (!namespace || namespace.metadata.deletionTimestamp === undefined) return { kind: "done" };
    if (!finalizersOf(namespace).includes(finalizer)) return { kind: "done" };
    const contents = await deleteContents(client, key, signal);
    try {
      if (isEmpty(contents)) {
        await finalize(client, namespace, signal);
        return { kind: "done" };
      }
      await reportContents(client, namespace, contents, deps.nowMs(), signal);
    } catch (error) {
      if (isStatus(error, "NotFound")) return { kind: "done" };
      if (!isStatus(error, "Conflict")) throw error;
    }
    return { kind: "recheck", afterMs: recheckMs };
  };

  return {
    name,
    run: (signal) =>
      runKeyed(
        { name, informers: [informer], queue, reconcile, workers: 4, onError: deps.onError },
        signal,
      ),
  };
}

async function deleteContents(
  client: RestClient,
  namespace: string,
  signal: AbortSignal,
): Promise<NamespaceContents> {
  const { resources, failed: undiscovered } = await discoverResources(client, signal);
  const failed: string[] = [];
  const remaining = new Map<string, number>();
  const finalizers = new Map<string, number>();
  await Promise.all(
    deletableResources(resources).map(async (resource) => {
      // `configmaps.` for the core group: Kubernetes' own way of writing it here.
      const title = `${resource.resource}.${resource.group}`;
      try {
        for (const object of await deleteAll(client, resource, namespace, signal)) {
          remaining.set(title, (remaining.get(title) ?? 0) + 1);
          for (const each of object.metadata.finalizers ?? []) {
            finalizers.set(each, (finalizers.get(each) ?? 0) + 1);
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        failed.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );
  return { undiscovered, failed, remaining, finalizers };
}

/** Each namespaced resource once, in its preferred version. */
function deletableResources(
  resources: readonly DiscoveredResource[],
): readonly DiscoveredResource[] {
  const seen = new Map<string, DiscoveredResource>();
  for (const resource of resources) {
    const { namespaced, verbs } = resource;
    if (!namespaced || !verbs.includes("list") || !verbs.includes("delete")) continue;
    const key = formatGroupResource(resource);
    if (!seen.has(key)) seen.set(key, resource);
  }
  return Array.from(seen.values());
}

/** Deletes the objects of one resource; returns those that are still there. */
async function deleteAll(
  client: RestClient,
  resource: DiscoveredResource,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  const path = { ...resource, namespace };
  const list = async (): Promise<readonly KubernetesObject[]> =>
    (await client.list(path, { metadataOnly: true }, signal)).items;
  const before = await list();
  if (before.length === 0) return before;
  if (before.every((object) => object.metadata.deletionTimestamp !== undefined)) return before;
  if (resource.verbs.includes("deletecollection")) {
    await client.deleteCollection(path, { propagationPolicy: "Background" }, signal);
  } else {
    await Promise.all(
      before.map((object) => deleteOne(client, path, object.metadata.name ?? "", signal)),
    );
  }
  return list();
}

async function deleteOne(
  client: RestClient,
  path: DiscoveredResource & { readonly namespace: string },
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.delete(path, name, { propagationPolicy: "Background" }, signal);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

async function finalize(
  client: RestClient,
  namespace: KubernetesObject,
  signal: AbortSignal,
): Promise<void> {
  const left = finalizersOf(namespace).filter((each) => each !== finalizer);
  const spec = isJsonObject(namespace["spec"]) ? namespace["spec"] : {};
  const object = { ...namespace, spec: { ...spec, finalizers: left } };
  await client.update(namespaces, object, { subresource: "finalize" }, signal);
}

async function reportContents(
  client: RestClient,
  namespace: KubernetesObject,
  contents: NamespaceContents,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const status = isJsonObject(namespace["status"]) ? namespace["status"] : {};
  const nowIso = formatTime(nowMs);
  const conditions = keepTransitionTimes(
    computeNamespaceConditions(contents, nowIso),
    conditionsOf(status["conditions"]),
  );
  if (JSON.stringify(conditions) === JSON.stringify(status["conditions"])) return;
  const object = { ...namespace, status: { ...status, conditions } };
  await client.update(namespaces, object, { subresource: "status" }, signal);
}

/** A condition whose status stays keeps the time of its last change. */
function keepTransitionTimes(
  conditions: readonly JsonObject[],
  old: readonly JsonObject[],
): readonly JsonObject[] {
  return conditions.map((condition) => {
    const before = old.find((each) => each["type"] === condition["type"]);
    if (!before || before["status"] !== condition["status"]) return condition;
    return { ...condition, lastTransitionTime: before["lastTransitionTime"] };
  });
}

function conditionsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return (isJsonArray(value) ? value : []).filter(isJsonObject);
}

function finalizersOf(namespace: KubernetesObject): readonly string[] {
  const spec = namespace["spec"];
  const list = isJsonObject(spec) ? spec["finalizers"] : undefined;
  return (isJsonArray(list) ? list : []).filter((each) => typeof each === "string");
}
