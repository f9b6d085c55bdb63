import { isStatus, type OwnerReference, parseGroupVersion } from "@cellplane/apimachinery";
import {
  createInformer,
  type Outcome,
  type ResourcePath,
  type RestClient,
  runController,
  WorkQueue,
} from "@cellplane/client";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { customResourceDefinitions } from "../shared/resources.ts";
import { deleteObject, removeFinalizer, setOwners } from "./act-on-objects.ts";
import { type GraphNode, nodeOf, OwnerGraph } from "./owner-graph.ts";
import { foregroundFinalizer, type OwnerState, planCollection } from "./plan-collection.ts";
import { ResourceMonitors } from "./resource-monitors.ts";

// CRDs often come many at a time; discovery is read once for them.
const rediscoverDelayMs = 200;

/** Deletes what has no owner left, and carries out foreground and orphan deletion, for every resource. */
export function createGarbageCollectorController(deps: {
  readonly client: RestClient;
  readonly onError: ErrorReporter;
  /** Groups to look after on a server that has no list of its groups. */
  readonly groups?: () => readonly string[];
}): Controller {
  const name = "garbage-collector";
  const { client } = deps;
  const graph = new OwnerGraph();
  const queue = new WorkQueue();
  const enqueueAround = (node: GraphNode): void => {
    for (const owner of node.owners) if (graph.get(owner.uid)?.isDeleting) queue.add(owner.uid);
    for (const dependent of graph.dependentsOf(node.uid)) queue.add(dependent.uid);
  };
  const monitors = new ResourceMonitors(
    client,
    {
      onPut(resource, object) {
        const node = nodeOf(resource, object);
        const before = graph.get(node.uid);
        graph.put(node);
        if (node.owners.length > 0 || node.isDeleting) queue.add(node.uid);
        if (node.isDeleting || before?.owners.length !== node.owners.length) enqueueAround(node);
        for (const owner of before?.owners ?? []) {
          if (graph.get(owner.uid)?.isDeleting) queue.add(owner.uid);
        }
      },
      onDelete(resource, object) {
        const node = nodeOf(resource, object);
        graph.remove(node.uid);
        enqueueAround(node);
      },
    },
    deps.onError,
    deps.groups,
  );

  const ownerState = async (
    node: GraphNode,
    owner: OwnerReference,
    signal: AbortSignal,
  ): Promise<OwnerState> => {
    const known = graph.get(owner.uid);
    if (known) {
      const foreign = known.namespace !== "" && known.namespace !== node.namespace;
      if (foreign) return "dangling";
      return known.isDeleting && known.finalizers.includes(foregroundFinalizer)
        ? "waitingForDependents"
        : "solid";
    }
    return isAlive(client, monitors, node, owner, signal);
  };

  const reconcile = async (uid: string, signal: AbortSignal): Promise<Outcome> => {
    const node = graph.get(uid);
    if (!node) return { kind: "done" };
    const owners = await Promise.all(node.owners.map((owner) => ownerState(node, owner, signal)));
    const step = planCollection({ node, owners, dependents: graph.dependentsOf(uid) });
    switch (step.kind) {
      case "nothing":
        break;
      case "delete":
        await deleteObject(client, node, step.policy, signal);
        break;
      case "dropOwners": {
        const keep = new Set(step.keep.map((owner) => owner.uid));
        await setOwners(client, node, (all) => all.filter((each) => keep.has(each.uid)), signal);
        break;
      }
      case "stopBlocking":
        await setOwners(client, node, (all) => all.map(withoutBlocking), signal);
        break;
      case "orphanDependents":
        await Promise.all(
          step.dependents.map((dependent) =>
            setOwners(client, dependent, (all) => all.filter((each) => each.uid !== uid), signal),
          ),
        );
        break;
      case "removeFinalizer":
        await removeFinalizer(client, node, step.finalizer, signal);
        break;
      case "waitFor":
        for (const dependent of step.dependents) queue.add(dependent.uid);
        break;
    }
    return { kind: "done" };
  };

  return {
    name,
    async run(signal) {
      await monitors.refresh(signal);
      const working = runController(
        {
          name,
          queue,
          reconcile,
          workers: 8,
          onError: (error, key) => deps.onError(error, { controller: name, key }),
        },
        signal,
      );
      await Promise.all([working, followDefinitions(client, monitors, deps.onError, signal)]);
    },
  };
}

function withoutBlocking(owner: OwnerReference): OwnerReference {
  return { ...owner, blockOwnerDeletion: false };
}

/** Asks the server itself before an owner that no cache knows counts as gone. */
async function isAlive(
  client: RestClient,
  monitors: ResourceMonitors,
  node: GraphNode,
  owner: OwnerReference,
  signal: AbortSignal,
): Promise<OwnerState> {
  const { group = "" } = parseGroupVersion(owner.apiVersion) ?? {};
  const resource = monitors.find(group, owner.kind);
  if (!resource) {
    throw new Error(
      `Cannot tell whether the owner ${owner.kind} "${owner.name}" is alive as its kind is not served`,
    );
  }
  const path: ResourcePath = resource.namespaced
    ? { ...resource, namespace: node.namespace }
    : resource;
  if (resource.namespaced && node.namespace === "") return "dangling";
  try {
    const live = await client.get(path, owner.name, signal);
    return live.metadata.uid === owner.uid ? "solid" : "dangling";
  } catch (error) {
    if (isStatus(error, "NotFound")) return "dangling";
    throw error;
  }
}

/** Follows CRDs as they come and go. */
async function followDefinitions(
  client: RestClient,
  monitors: ResourceMonitors,
  onError: ErrorReporter,
  signal: AbortSignal,
): Promise<void> {
  const definitions = createInformer({ client, path: customResourceDefinitions });
  const queue = new WorkQueue();
  const changed = (): void => queue.addAfter("refresh", rediscoverDelayMs);
  definitions.addHandler({ onAdd: changed, onUpdate: changed, onDelete: changed });
  const running = definitions.run(signal);
  const refreshing = runController(
    {
      name: "resource-monitors",
      queue,
      workers: 1,
      reconcile: async (_key, aborted): Promise<Outcome> => {
        await monitors.refresh(aborted);
        return { kind: "done" };
      },
      onError: (error) => onError(error, { controller: "garbage-collector" }),
    },
    signal,
  );
  await Promise.all([running, refreshing]);
}
