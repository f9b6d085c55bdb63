import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Informer, ResourcePath } from "@cellplane/client";
import type { MemberConnection } from "../members/member-connection.ts";
import { followedIn } from "../shared/federation-settings.ts";
import { chooseMemberPath } from "./member-path.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";

/** Whom to tell of what happens in members. */
export interface MemberWatchHandler {
  onObject(cluster: string, object: KubernetesObject): void;
  /** Everything in the cluster may have become known, or unknown. */
  onCluster(cluster: string): void;
}

/** What a write of one's own has left in a member, or taken away. */
export interface OwnChange {
  readonly kind: "written" | "removed";
  readonly object: KubernetesObject;
}

interface Watch {
  readonly connection: MemberConnection;
  /** Read in this version. */
  readonly version: string;
  readonly informer: Informer;
  readonly stop: AbortController;
}

type WatchDependencies = Pick<SyncDependencies, "pool" | "settings" | "systemNamespace">;

/** The informers of one type in all members: each shared with whoever else watches the resource there. */
export class MemberWatches {
  readonly #watches = new Map<string, Watch>();
  readonly #deps: WatchDependencies;
  readonly #type: SyncedType;
  readonly #handler: MemberWatchHandler;
  readonly #signal: AbortSignal;
  #isRecording = false;

  /** Lets go of its informers when `signal` aborts. */
  constructor(
    deps: WatchDependencies,
    type: SyncedType,
    handler: MemberWatchHandler,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#type = type;
    this.#handler = handler;
    this.#signal = signal;
  }

  /** The informer of the type in a joined cluster; `undefined` while it cannot be watched there. */
  get(cluster: string): Informer | undefined {
    const connection = this.#deps.pool.get(cluster);
    if (!connection) return undefined;
    const known = this.#watches.get(cluster);
    // Members' kinds come and go, and so do their versions.
    const chosen = chooseMemberPath(connection, this.#type.typeConfig);
    const version = chosen.kind === "served" ? chosen.path.version : undefined;
    if (known?.connection === connection && known.version === version) return known.informer;
    known?.stop.abort();
    this.#watches.delete(cluster);
    return chosen.kind === "served" ? this.#start(cluster, connection, chosen.path) : undefined;
  }

  /** Whether it is known what a joined cluster has, or that this cannot be known now. */
  isKnown(cluster: string): boolean {
    const connection = this.#deps.pool.get(cluster);
    const informer = this.get(cluster);
    if (informer) return informer.hasSynced || informer.lastError !== undefined;
    if (!connection) return false;
    return chooseMemberPath(connection, this.#type.typeConfig).kind === "notServed";
  }

  #start(cluster: string, connection: MemberConnection, path: ResourcePath): Informer {
    const { settings, systemNamespace } = this.#deps;
    const stop = new AbortController();
    const tell = (object: KubernetesObject): void => {
      if (!this.#isRecording && !stop.signal.aborted) this.#handler.onObject(cluster, object);
    };
    const handler = {
      onPut: tell,
      onDelete: tell,
      onStateChange: () => this.#handler.onCluster(cluster),
    };
    const followed = isClusterScoped(this.#type) ? {} : followedIn(settings(), systemNamespace);
    const until = AbortSignal.any([this.#signal, stop.signal]);
    const informer = connection.watch({ ...path, ...followed }, handler, until);
    this.#watches.set(cluster, { connection, version: path.version, informer, stop });
    return informer;
  }

  /**
   * Takes in what a write of one's own has come to, without telling of it: who wrote knows. Other
   * users of the informer are told.
   */
  record(cluster: string, change: OwnChange): void {
    const informer = this.get(cluster);
    this.#isRecording = true;
    try {
      if (change.kind === "written") informer?.record(change.object);
      else informer?.recordRemoval(change.object);
    } finally {
      this.#isRecording = false;
    }
  }
}

function isClusterScoped({ typeConfig }: SyncedType): boolean {
  return typeConfig.targetType.scope === "Cluster";
}
