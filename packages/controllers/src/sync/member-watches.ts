import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Informer } from "@cellplane/client";
import type { MemberConnection } from "../members/member-connection.ts";
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

/** The informers of one type in all members: each shared with whoever else watches the resource there. */
export class MemberWatches {
  readonly #watches = new Map<
    string,
    { readonly connection: MemberConnection; readonly informer: Informer }
  >();
  readonly #deps: Pick<SyncDependencies, "pool">;
  readonly #type: SyncedType;
  readonly #handler: MemberWatchHandler;
  readonly #signal: AbortSignal;
  #isRecording = false;

  /** Lets go of its informers when `signal` aborts. */
  constructor(
    deps: Pick<SyncDependencies, "pool">,
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
    if (known?.connection === connection) return known.informer;
    const chosen = chooseMemberPath(connection, this.#type.typeConfig);
    if (chosen.kind !== "served") return undefined;
    const tell = (object: KubernetesObject): void => {
      if (!this.#isRecording && this.#watches.get(cluster)?.connection === connection) {
        this.#handler.onObject(cluster, object);
      }
    };
    const handler = {
      onPut: tell,
      onDelete: tell,
      onStateChange: () => this.#handler.onCluster(cluster),
    };
    const informer = connection.watch(chosen.path, handler, this.#signal);
    this.#watches.set(cluster, { connection, informer });
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
