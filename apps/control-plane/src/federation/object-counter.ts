import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectScope } from "@cellplane/apiserver";
import { type Tenant, tenantOf } from "@cellplane/federation";

// A host that tells of no outcome (a webhook's) has long answered by then.
const reservedForMs = 30_000;

interface Reservation {
  /** Requests under way for this object: only one of them can win. */
  requests: number;
  readonly untilMs: number;
}

/** Where an object counts: its namespace or, where it has none, the tenant of its labels. */
export function homeOf({ metadata }: KubernetesObject): string {
  const { namespace = "", labels } = metadata;
  return namespace === "" ? homeOfTenant(tenantOf(labels)) : namespace;
}

/** Where cluster-scoped objects of a tenant count; no namespace is called so. */
export function homeOfTenant({ tenant, workspaceGroup }: Tenant): string {
  return `${tenant}/${workspaceGroup}`;
}

/**
 * Counts the objects of one resource by home, with those that are being created: a creation
 * is reserved from its admission until the watch shows the object, or the request has failed.
 *
 * Check and reservation are one step, so within one server a limit is exact however many create at
 * once. Servers that share a store write under a guard (`AdmissionRequest.guard`), so that it is
 * exact there, too. Without one (as a webhook of several API servers) each reserves for itself:
 * together they may exceed a limit by what the others have under way, and by no more.
 */
export class ObjectCounter implements Disposable {
  readonly #stored = new Map<string, Set<string>>();
  readonly #reserved = new Map<string, Map<string, Reservation>>();
  readonly #nowMs: () => number;
  #watch: Disposable | undefined;

  private constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Resolves once the objects that there are have been counted. */
  static async open(
    objects: Pick<ObjectAccess, "watch">,
    scope: ObjectScope,
    nowMs: () => number,
  ): Promise<ObjectCounter> {
    const counter = new ObjectCounter(nowMs);
    counter.#watch = await objects.watch(scope, {
      onPut: (object) => counter.#put(homeOf(object), object.metadata.name ?? ""),
      onDelete: (object) => counter.#stored.get(homeOf(object))?.delete(object.metadata.name ?? ""),
    });
    return counter;
  }

  /** Homes that have, or had, any. */
  homes(): Iterable<string> {
    return new Set([...this.#stored.keys(), ...this.#reserved.keys()]);
  }

  /** Stored objects and reservations at home, without those of `name` itself. */
  countWithout(home: string, name: string): number {
    const stored = this.#stored.get(home);
    let sum = stored?.size ?? 0;
    if (stored?.has(name)) sum -= 1;
    const nowMs = this.#nowMs();
    for (const [other, { untilMs }] of this.#reserved.get(home) ?? []) {
      if (untilMs > nowMs && other !== name && !stored?.has(other)) sum += 1;
    }
    return sum;
  }

  reserve(home: string, name: string): void {
    const all = this.#reserved.get(home) ?? new Map<string, Reservation>();
    this.#reserved.set(home, all);
    const nowMs = this.#nowMs();
    for (const [other, { untilMs }] of all) if (untilMs <= nowMs) all.delete(other);
    const requests = (all.get(name)?.requests ?? 0) + 1;
    all.set(name, { requests, untilMs: nowMs + reservedForMs });
  }

  /** The request that reserved has failed. */
  release(home: string, name: string): void {
    const all = this.#reserved.get(home);
    const found = all?.get(name);
    if (!found) return;
    found.requests -= 1;
    if (found.requests === 0) all?.delete(name);
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  #put(home: string, name: string): void {
    const names = this.#stored.get(home) ?? new Set<string>();
    this.#stored.set(home, names.add(name));
    this.#reserved.get(home)?.delete(name);
  }
}
