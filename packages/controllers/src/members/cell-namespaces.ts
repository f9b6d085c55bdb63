import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { annotations } from "@cellplane/federation";

const namespaces: ResourcePath = { group: "", version: "v1", resource: "namespaces" };

/** Whether objects may go into a cell's namespace. */
export type NamespaceOutcome =
  | { readonly kind: "ours" }
  | { readonly kind: "foreign"; readonly message: string };

/**
 * The namespaces of cells in one member: made with the first write to a cell, and never shared
 * with somebody else's. What was seen to be ours is not looked up again until a write finds it gone.
 */
export class CellNamespaces {
  readonly #known = new Set<string>();
  readonly #client: RestClient;

  constructor(client: RestClient) {
    this.#client = client;
  }

  /** Makes sure that the namespace is there and ours; `adoption` lets an unowned one be used. */
  async ensure(
    namespace: KubernetesObject,
    adoption: "adopt" | "refuse",
    signal: AbortSignal,
  ): Promise<NamespaceOutcome> {
    const { name = "" } = namespace.metadata;
    if (this.#known.has(name)) return { kind: "ours" };
    const live = await this.#getOrCreate(namespace, signal);
    const owner = live.metadata.annotations?.[annotations.source];
    const isOurs = owner === namespace.metadata.annotations?.[annotations.source];
    if (!isOurs && !(owner === undefined && adoption === "adopt")) {
      const message = `namespace ${JSON.stringify(name)} exists and is not this cell's; choose another spec.namespaceTemplate in the Cell`;
      return { kind: "foreign", message };
    }
    this.#known.add(name);
    return { kind: "ours" };
  }

  /** Forgets a namespace that a write found gone. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  async #getOrCreate(namespace: KubernetesObject, signal: AbortSignal): Promise<KubernetesObject> {
    try {
      return await this.#client.create(namespaces, namespace, {}, signal);
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
      return this.#client.get(namespaces, namespace.metadata.name ?? "", signal);
    }
  }
}
