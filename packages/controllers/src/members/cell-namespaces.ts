import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import {
  annotations,
  parseSource,
  planCellNamespace,
  type TopologyStatusName,
} from "@cellplane/federation";

const namespaces: ResourcePath = { group: "", version: "v1", resource: "namespaces" };

/** Whether objects may go into a cell's namespace. */
export type NamespaceOutcome =
  | { readonly kind: "ours" }
  | { readonly kind: "foreign"; readonly status: TopologyStatusName; readonly message: string };

/**
 * The namespaces of cells in one member: made with the first write to a cell, and never shared
 * with somebody else's. What was seen to be ours is not looked up again until a write finds it gone.
 */
export class CellNamespaces {
  readonly #known = new Map<string, string>();
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
    const source = namespace.metadata.annotations?.[annotations.source] ?? "";
    if (this.#known.get(name) === source) return { kind: "ours" };
    const { controlPlaneId = "" } = parseSource(source) ?? {};
    const live = await this.#getOrCreate(namespace, signal);
    if (live === "notServed") {
      this.#known.set(name, source);
      return { kind: "ours" };
    }
    const plan = planCellNamespace(namespace, live, { adoption, controlPlaneId });
    if (plan.kind === "refused") {
      const message = `${plan.reason}; choose another spec.namespaceTemplate in the Cell`;
      return { kind: "foreign", status: plan.status, message };
    }
    if (plan.kind === "adopt") await this.#client.update(namespaces, plan.object, {}, signal);
    this.#known.set(name, source);
    return { kind: "ours" };
  }

  /** Forgets a namespace that a write found gone. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  /** Where namespaces are no objects, any name may be written to. */
  async #getOrCreate(
    namespace: KubernetesObject,
    signal: AbortSignal,
  ): Promise<KubernetesObject | "notServed"> {
    try {
      return await this.#client.create(namespaces, namespace, {}, signal);
    } catch (error) {
      if (isStatus(error, "NotFound")) return "notServed";
      if (!isStatus(error, "AlreadyExists")) throw error;
      return this.#client.get(namespaces, namespace.metadata.name ?? "", signal);
    }
  }
}
