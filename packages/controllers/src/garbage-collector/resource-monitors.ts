import { formatGroupResource, type KubernetesObject } from "@cellplane/apimachinery";
import {
  createInformer,
  type DiscoveredResource,
  discoverResources,
  type Informer,
  type RestClient,
} from "@cellplane/client";
import type { ErrorReporter } from "../shared/controller.ts";

/** Whom to tell of the objects of every resource. */
export interface MonitorHandler {
  onPut(resource: DiscoveredResource, object: KubernetesObject): void;
  onDelete(resource: DiscoveredResource, object: KubernetesObject): void;
}

interface Monitor {
  readonly resource: DiscoveredResource;
  readonly informer: Informer;
  readonly stop: AbortController;
}

/** Metadata informers of every resource that can be listed, watched and deleted. */
export class ResourceMonitors {
  readonly #monitors = new Map<string, Monitor>();
  readonly #client: RestClient;
  readonly #handler: MonitorHandler;
  readonly #onError: ErrorReporter;

  readonly #groups: (() => readonly string[]) | undefined;

  /** `groups` are asked for where the server has no list of them. */
  constructor(
    client: RestClient,
    handler: MonitorHandler,
    onError: ErrorReporter,
    groups?: () => readonly string[],
  ) {
    this.#groups = groups;
    this.#client = client;
    this.#handler = handler;
    this.#onError = onError;
  }

  /** Starts informers of what is new, stops those of what is gone, and waits for the first lists. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { resources, failed } = await discoverResources(
      this.#client,
      signal,
      this.#groups === undefined ? {} : { groups: this.#groups() },
    );
    const wanted = new Map<string, DiscoveredResource>();
    for (const resource of resources) {
      const key = formatGroupResource(resource);
      if (isCollectable(resource) && !wanted.has(key)) wanted.set(key, resource);
    }
    for (const [key, monitor] of this.#monitors) {
      // What could not be discovered may be there.
      if (wanted.has(key) || failed.length > 0) continue;
      monitor.stop.abort();
      this.#monitors.delete(key);
    }
    for (const [key, resource] of wanted) {
      const version = this.#monitors.get(key)?.resource.version;
      if (version === resource.version) continue;
      this.#monitors.get(key)?.stop.abort();
      this.#monitors.set(key, this.#start(resource, signal));
    }
    await Promise.all(
      Array.from(this.#monitors.values(), ({ informer, stop }) =>
        informer.waitForSync(AbortSignal.any([signal, stop.signal])),
      ),
    );
  }

  /** The resource of a kind, as it is watched. */
  find(group: string, kind: string): DiscoveredResource | undefined {
    for (const { resource } of this.#monitors.values()) {
      if (resource.group === group && resource.kind === kind) return resource;
    }
    return undefined;
  }

  #start(resource: DiscoveredResource, signal: AbortSignal): Monitor {
    const stop = new AbortController();
    const informer = createInformer({
      client: this.#client,
      path: { group: resource.group, version: resource.version, resource: resource.resource },
      metadataOnly: true,
    });
    const put = (object: KubernetesObject): void => this.#handler.onPut(resource, object);
    informer.addHandler({
      onAdd: put,
      onUpdate: put,
      onDelete: (object) => this.#handler.onDelete(resource, object),
    });
    informer
      .run(AbortSignal.any([signal, stop.signal]))
      .catch((error: unknown) => this.#onError(error, { resource: formatGroupResource(resource) }));
    return { resource, informer, stop };
  }
}

function isCollectable({ verbs, group, resource }: DiscoveredResource): boolean {
  // Events come and go by themselves and are too many to be watched for owners.
  if (resource === "events" && (group === "" || group === "events.k8s.io")) return false;
  return ["list", "watch", "delete"].every((verb) => verbs.includes(verb));
}
