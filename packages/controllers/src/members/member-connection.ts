import {
  formatGroupResource,
  formatGroupVersion,
  type GroupResource,
} from "@cellplane/apimachinery";
import {
  abortableDelay,
  createInformer,
  discoverResources,
  type Informer,
  type InformerHandler,
  type ResourcePath,
  type RestClient,
  TextPool,
} from "@cellplane/client";
import { annotations, kubefed } from "@cellplane/federation";
import type { FederationMetrics } from "../metrics/federation-metrics.ts";
import type { FederationSettings, MemberLimits } from "../shared/federation-settings.ts";
import { dropManagedFields } from "../shared/shared-informers.ts";
import { CellNamespaces } from "./cell-namespaces.ts";
import { formatTrouble, isBlind, type MemberTrouble } from "./member-trouble.ts";
import { MemberLimiter } from "./member-limiter.ts";
import { codeOfError, observeClient } from "./observed-client.ts";
import { WriteGate } from "./write-gate.ts";

const managedSelector = `${kubefed.managedLabel}=true`;

/** What a connection is given besides its client. */
export interface MemberConnectionOptions {
  readonly limits: () => MemberLimits;
  readonly metrics?: FederationMetrics;
  /** Holds what the objects of several members have in common. */
  readonly texts?: TextPool;
}

interface Watched {
  readonly informer: Informer;
  readonly stop: AbortController;
  readonly resource: string;
  readonly sinceMs: number;
  users: number;
}

/**
 * A joined cluster while it is reached in the same way: one client, one informer a resource,
 * however many cells and federated types there are.
 */
export class MemberConnection implements AsyncDisposable {
  readonly cluster: string;
  /** Waits for its turn with each request: for what holds up nobody. */
  readonly client: RestClient;
  /** Sends at once: for probes, and for writes that the gate has let through. */
  readonly direct: RestClient;
  readonly namespaces: CellNamespaces;
  /** What writes go through, so that a member that hangs holds up nobody. */
  readonly gate: WriteGate;
  readonly limiter: MemberLimiter;
  readonly #metrics: FederationMetrics | undefined;
  readonly #texts: TextPool;
  readonly #watched = new Map<string, Watched>();
  readonly #closing = new AbortController();
  #served: ReadonlyMap<string, readonly string[]> | undefined;
  #isRefused = false;

  constructor(cluster: string, client: RestClient, options: MemberConnectionOptions) {
    const { metrics, limits } = options;
    this.cluster = cluster;
    this.#texts = options.texts ?? new TextPool();
    this.#metrics = metrics;
    this.limiter = new MemberLimiter({
      limits,
      nowMs: () => performance.now(),
      onBackoff: (cause) => metrics?.backoffs.add({ cluster, cause }),
    });
    this.gate = new WriteGate(() => performance.now(), this.limiter);
    const after: Parameters<typeof observeClient>[1]["after"] = (method, code, verdict, ms) => {
      this.limiter.note(verdict);
      if (code !== 0) this.#isRefused = code === 401;
      metrics?.requests.add({ cluster, method, code: String(code) });
      metrics?.requestSeconds.observe({ cluster }, ms / 1000);
    };
    this.direct = observeClient(client, { before: async () => undefined, after });
    this.client = observeClient(client, { before: (signal) => this.#waitTurn(signal), after });
    this.namespaces = new CellNamespaces(this.direct);
    metrics?.registry.onCollect(() => {
      metrics.allowedPerSecond.set({ cluster }, this.limiter.allowedPerSecond);
    }, this.#closing.signal);
  }

  /** Whether its last answer was that the credential is none. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Aborts when the connection is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** The informer of the managed objects of a resource; it runs while it has handlers. */
  watch(path: ResourcePath, handler: InformerHandler, signal: AbortSignal): Informer {
    const key = `${path.version} ${formatGroupResource(path)} ${path.namespace ?? ""}`;
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

  /**
   * Whether not one of its watches works, all for want of permission. In the scope Namespaced none
   * says nothing: the account may not watch what a probe watches.
   */
  isBlind(scope: FederationSettings["scope"]): boolean {
    const watches = Array.from(this.#watched.values());
    if (watches.length === 0 && scope === "Namespaced") return false;
    return isBlind(watches.map(({ informer }) => ({ error: informer.lastError })));
  }

  /** Whether something that is watched is not served any more. */
  hasLostKind(): boolean {
    return Array.from(this.#watched.values()).some(
      ({ informer }) => informer.lastError !== undefined && codeOfError(informer.lastError) === 404,
    );
  }

  /** What is wrong with a member that can be reached; `undefined` where nothing is. */
  trouble(cacheSyncTimeoutMs: number): MemberTrouble | undefined {
    return formatTrouble({
      watches: Array.from(this.#watched.values(), ({ informer, resource, sinceMs }) => ({
        resource,
        error: informer.lastError,
        isDoubted: informer.isWatchDoubted,
        isLate: !informer.hasSynced && performance.now() - sinceMs > cacheSyncTimeoutMs,
      })),
      slowedForMs:
        this.limiter.slowedSinceMs === undefined
          ? 0
          : performance.now() - this.limiter.slowedSinceMs,
    });
  }

  async #waitTurn(signal: AbortSignal | undefined): Promise<void> {
    const waitMs = this.limiter.reserve();
    this.#metrics?.limiterWaitSeconds.observe({ cluster: this.cluster }, waitMs / 1000);
    if (waitMs <= 0) return;
    const either = signal ? AbortSignal.any([signal, this.signal]) : this.signal;
    await abortableDelay(waitMs, either);
    either.throwIfAborted();
  }

  #start(key: string, path: ResourcePath): Watched {
    const informer = createInformer({
      client: this.client,
      path,
      labelSelector: managedSelector,
      trim: dropManagedFields,
      packing: { texts: this.#texts, ownAnnotation: annotations.source },
      onError: (error) => {
        const code = String(codeOfError(error));
        this.#metrics?.watchErrors.add({ cluster: this.cluster, code });
      },
    });
    const stop = new AbortController();
    const resource = formatGroupResource(path);
    const watched = { informer, stop, users: 0, resource, sinceMs: performance.now() };
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
    const found = await discoverResources(this.client, this.#closing.signal, { groups });
    const served = new Map<string, string[]>();
    for (const resource of found.resources) {
      const key = formatGroupResource(resource);
      served.set(key, [...(served.get(key) ?? []), resource.version]);
    }
    this.#keepUnread(served, found.failed);
    const changed = JSON.stringify([...served]) !== JSON.stringify([...(this.#served ?? [])]);
    this.#served = served;
    return changed;
  }

  /** What could not be read this time is taken to be served as it was. */
  #keepUnread(served: Map<string, string[]>, failed: readonly string[]): void {
    const unread = new Set(failed.map((line) => line.slice(0, line.indexOf(": "))));
    if (unread.size === 0) return;
    for (const [key, versions] of this.#served ?? []) {
      const [, ...group] = key.split(".");
      const kept = versions.filter((version) =>
        unread.has(formatGroupVersion({ group: group.join("."), version })),
      );
      if (kept.length > 0) served.set(key, [...(served.get(key) ?? []), ...kept]);
    }
  }

  /** Reads by list what watches are not relied on to tell. */
  relistDoubted(): void {
    for (const { informer } of this.#watched.values()) {
      if (informer.isWatchDoubted) informer.relist();
    }
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
