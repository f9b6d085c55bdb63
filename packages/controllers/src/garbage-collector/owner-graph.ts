import type { KubernetesObject, OwnerReference } from "@cellplane/apimachinery";
import type { DiscoveredResource } from "@cellplane/client";

/** One object as the garbage collector sees it. */
export interface GraphNode {
  readonly uid: string;
  readonly resource: DiscoveredResource;
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly isDeleting: boolean;
}

/** Makes the node of an object of a resource. */
export function nodeOf(resource: DiscoveredResource, object: KubernetesObject): GraphNode {
  const { uid = "", namespace = "", name = "", ownerReferences, finalizers } = object.metadata;
  return {
    uid,
    resource,
    namespace,
    name,
    owners: ownerReferences ?? [],
    finalizers: finalizers ?? [],
    isDeleting: object.metadata.deletionTimestamp !== undefined,
  };
}

/** Who owns whom, by uid, as far as the caches know. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    return Array.from(this.#dependents.get(uid) ?? [])
      .map((dependent) => this.#nodes.get(dependent))
      .filter((node) => node !== undefined);
  }

  put(node: GraphNode): void {
    this.#unlink(node.uid);
    this.#nodes.set(node.uid, node);
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid) ?? new Set<string>();
      dependents.add(node.uid);
      this.#dependents.set(uid, dependents);
    }
  }

  remove(uid: string): void {
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
