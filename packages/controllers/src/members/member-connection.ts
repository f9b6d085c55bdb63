import { formatGroupResource, type GroupResource } from "@cellplane/apimachinery";
import {
  createInformer,
  discoverResources,
  type Informer,
  type InformerHandler,
  type ResourcePath,
  type RestClient,
} from "@cellplane/client";
import { kubefed } from "@cellplane/federation";
import { dropManagedFields } from "../shared/shared-informers.ts";
import { CellNamespaces } from "./cell-namespaces.ts";
import { WriteGate } from "./write-gate.ts";

const managedSelector = `${kubefed.managedLabel}=true`;

interface Watched {
  readonly informer: Informer;
  readonly stop: AbortController;
  users: number;
}

/**
 * A joined cluster while its credentials stay the same: one client, one informer a resource,
 * however many cells and federated types there are.
 */
export class MemberConnection implements AsyncDisposable {
  readonly cluster: string;
  readonly client: RestClient;
  readonly namespaces: CellNamespaces;
  /** What writes go through, so that a member that hangs holds up nobody. */
  readonly gate: WriteGate = new WriteGate(() => performance.now());
  readonly #watched = new Map<string, Watched>();
  readonly #closing = new AbortController();
  #served: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(cluster: string, client: RestClient) {
    this.cluster = cluster;
    this.client = client;
    this.namespaces = new CellNamespaces(client);
  }

  /** Aborts when the connection is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** The informer of the managed objects of a resource; it runs while it has handlers. */
  watch(path: ResourcePath, handler: InformerHandler, signal: AbortSignal): Informer {
    const key = `${path.version} ${formatGroupResource(path)}`;
    const watched = this.#watched.get(key) ?? this.#start(key, path);
    watched.users++;
    watched.informer.addHandler(handler, signal);
    const leave = (): void => {
      watched.users--;
      if (watched.users > 0) return;
      this.#watched.delete(key);
      watched.stop.abort();
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    return watched.informer;
  }

  #start(key: string, path: ResourcePath): Watched {
    const informer = createInformer({
      client: this.client,
      path,
      labelSelector: managedSelector,
      trim: dropManagedFields,
    });
    const stop = new AbortController();
    const watched = { informer, stop, users: 0 };
    this.#watched.set(key, watched);
    // An informer never rejects for a server's failure: `lastError` tells it.
    void informer.run(AbortSignal.any([this.#closing.signal, stop.signal]));
    return watched;
  }

  /** Versions of a resource that the member serves, preferred first; `undefined` while not known. */
  servedVersions(of: GroupResource): readonly string[] | undefined {
    return this.#served && (this.#served.get(formatGroupResource(of)) ?? []);
  }

  /**
   * Reads anew what the member serves: of `groups` alone where it has no list of its groups.
   * Whether anything changed.
   */
  async refreshDiscovery(groups: readonly string[]): Promise<boolean> {
    const { resources } = await discoverResources(this.client, this.#closing.signal, { groups });
    const served = new Map<string, string[]>();
    for (const resource of resources) {
      const key = formatGroupResource(resource);
      served.set(key, [...(served.get(key) ?? []), resource.version]);
    }
    const changed = JSON.stringify([...served]) !== JSON.stringify([...(this.#served ?? [])]);
    this.#served = served;
    return changed;
  }

  /** Lets informers that wait out a failure try again at once: the member is back. */
  wake(): void {
    for (const { informer } of this.#watched.values()) informer.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.client[Symbol.asyncDispose]();
  }
}
