import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { setTimeout as delay } from "node:timers/promises";
import type { Topologies } from "./model-placement.ts";
import type { ModelObject, Revision, Spec } from "./model-state.ts";
import { federatedResource, kinds } from "./payload.ts";

/** One state of a federated object, from the moment before it was asked for. */
export interface ObjectVersion {
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly generation: number;
  readonly spec: Spec;
  readonly deleting?: "delete" | "orphan";
  readonly fromMs: number;
  /** When its status was seen to have caught up: from then on nothing earlier counts. */
  observedMs?: number;
}

/** One state of clusters and cells. */
export interface TopologyVersion extends Topologies {
  readonly fromMs: number;
  settledMs?: number;
}

interface HashSeen {
  readonly atMs: number;
  readonly hash: string;
}

// Caches of labels and cells tell nobody when they have caught up.
const cacheGraceMs = 300;
const retryMs = 30;

/** What was asked for when, and when it was seen to be taken note of: by the clock of this machine. */
export class Timeline {
  readonly objects: Map<string, ObjectVersion[]> = new Map();
  readonly topologies: TopologyVersion[] = [];
  /** By uid; numbers may be given twice where a control plane was restored. */
  readonly revisions: Map<string, Revision[]> = new Map();
  readonly tombstones: { readonly source: string; readonly uid: string }[] = [];
  readonly #hashes = new Map<string, HashSeen[]>();

  /** Notes that an object is about to be this. */
  note(object: ModelObject, fromMs: number): void {
    const { key, uid, namespace, generation, spec, deleting } = object;
    const list = this.objects.get(key) ?? [];
    const version = { key, uid, namespace, generation, spec, fromMs };
    list.push(deleting === undefined ? version : { ...version, deleting });
    this.objects.set(key, list);
  }

  /** Notes that clusters and cells are about to be this. */
  noteTopologies({ clusters, cells }: Topologies, fromMs: number): void {
    this.topologies.push({ ...structuredClone({ clusters, cells }), fromMs });
  }

  /** Notes that the world has come to what was asked last. */
  settle(objects: Iterable<ModelObject>, atMs: number): void {
    for (const { uid, revisions } of objects) {
      const known = this.revisions.get(uid) ?? [];
      known.push(...revisions.filter((each) => !known.includes(each)));
      this.revisions.set(uid, known);
    }
    for (const list of this.objects.values()) {
      const last = list.at(-1);
      if (last) last.observedMs ??= atMs;
    }
    const last = this.topologies.at(-1);
    if (last) last.settledMs ??= atMs + cacheGraceMs;
  }

  /** The states of an object that could be acted upon at a moment. */
  versionsAt(key: string, atMs: number): readonly ObjectVersion[] {
    const all = (this.objects.get(key) ?? []).filter(({ fromMs }) => fromMs <= atMs);
    const first = all.findLastIndex(
      ({ observedMs }) => observedMs !== undefined && observedMs < atMs,
    );
    return all.slice(Math.max(0, first));
  }

  /** The states of clusters and cells that could be acted upon at a moment. */
  topologiesAt(atMs: number): readonly TopologyVersion[] {
    const all = this.topologies.filter(({ fromMs }) => fromMs <= atMs);
    const first = all.findLastIndex(({ settledMs }) => settledMs !== undefined && settledMs < atMs);
    return all.slice(Math.max(0, first));
  }

  /** The hashes that an object's ledger had for a member before a moment, newest last. */
  hashesBefore(uid: string, member: string, atMs: number): readonly string[] {
    const all = this.#hashes.get(`${uid} ${member}`) ?? [];
    return all.filter((each) => each.atMs <= atMs).map(({ hash }) => hash);
  }

  /** Follows statuses and ledgers by watch until `signal` aborts. */
  async follow(client: () => RestClient, signal: AbortSignal): Promise<void> {
    const group = "types.kubefed.io";
    const views = kinds.map((kind) => {
      return { group, version: "v1beta1", resource: federatedResource(kind) };
    });
    const ledgers = {
      group: "core.kubefed.io",
      version: "v1alpha1",
      resource: "propagatedversions",
    };
    await Promise.all([
      ...views.map((path, at) =>
        followOne(client, path, signal, (object) => this.#see(kinds[at] ?? "", object)),
      ),
      followOne(client, ledgers, signal, (object) => this.#seeLedger(object)),
    ]);
  }

  #see(kind: string, object: KubernetesObject): void {
    const { namespace = "", name = "", uid } = object.metadata;
    const status = (object["status"] ?? {}) as { readonly observedGeneration?: number };
    const observed = status.observedGeneration ?? 0;
    for (const version of this.objects.get(`${kind}/${namespace}/${name}`) ?? []) {
      // An event of before the version's request says nothing about it.
      if (version.uid !== uid || version.generation > observed) continue;
      if (version.generation > 0) version.observedMs ??= Date.now();
    }
  }

  #seeLedger(object: KubernetesObject): void {
    const uid = object.metadata.ownerReferences?.[0]?.uid ?? "";
    const status = (object["status"] ?? {}) as {
      readonly clusterVersions?: readonly {
        readonly clusterName: string;
        readonly hash?: string;
      }[];
    };
    for (const { clusterName, hash } of status.clusterVersions ?? []) {
      const key = `${uid} ${clusterName}`;
      const known = this.#hashes.get(key) ?? [];
      if (hash !== undefined && known.at(-1)?.hash !== hash) known.push({ atMs: Date.now(), hash });
      this.#hashes.set(key, known);
    }
  }
}

async function followOne(
  client: () => RestClient,
  path: ResourcePath,
  signal: AbortSignal,
  see: (object: KubernetesObject) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { object } of client().watch(path, {}, signal)) see(object);
    } catch {
      // A control plane that is being restarted.
    }
    await delay(retryMs);
  }
}
