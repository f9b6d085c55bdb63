import { performance } from "node:perf_hooks";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import type { Site } from "../propagation/fleet.ts";

const withinMs = 600_000;

/** Times on the clock of `performance`, in milliseconds. */
export interface Arrival {
  readonly firstMs: number;
  readonly lastMs: number;
}

interface Awaited {
  readonly times: number[];
  readonly wanted: number;
  readonly resolve: (arrival: Arrival) => void;
}

/** Follows one resource on some servers, and tells when something was first seen on how many of them. */
export class Arrivals implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #awaited = new Map<string, Awaited>();
  readonly #keyOf: (object: KubernetesObject, site: string) => string | undefined;
  readonly #sites: number;
  #watches: readonly Promise<void>[] = [];

  private constructor(
    sites: number,
    keyOf: (object: KubernetesObject, site: string) => string | undefined,
  ) {
    this.#sites = sites;
    this.#keyOf = keyOf;
  }

  /** Starts the watches; `keyOf` names what an object shows, where it shows anything. */
  static async open(
    sites: readonly Site[],
    path: ResourcePath,
    keyOf: (object: KubernetesObject, site: string) => string | undefined,
  ): Promise<Arrivals> {
    const arrivals = new Arrivals(sites.length, keyOf);
    const watches = [];
    for (const site of sites) {
      const { metadata } = await site.client.list(path, { limit: 1 });
      watches.push(arrivals.#follow(site, path, metadata.resourceVersion ?? "0"));
    }
    arrivals.#watches = watches;
    return arrivals;
  }

  /** Resolves once so many sites, by default all, have shown it from now on. */
  until(key: string, wanted: number = this.#sites): Promise<Arrival> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`Cannot see "${key}" in ${withinMs} ms`));
      const timer = setTimeout(late, withinMs);
      const done = (arrival: Arrival): void => {
        clearTimeout(timer);
        resolve(arrival);
      };
      this.#awaited.set(key, { times: [], wanted, resolve: done });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#watches);
  }

  async #follow(site: Site, path: ResourcePath, resourceVersion: string): Promise<void> {
    const shown = new Set<string>();
    for await (const { object } of site.client.watch(
      path,
      { resourceVersion },
      this.#stop.signal,
    )) {
      const key = this.#keyOf(object, site.name);
      if (key === undefined || shown.has(key)) continue;
      shown.add(key);
      this.#note(key);
    }
  }

  #note(key: string): void {
    const awaited = this.#awaited.get(key);
    if (!awaited) return;
    awaited.times.push(performance.now());
    if (awaited.times.length < awaited.wanted) return;
    this.#awaited.delete(key);
    awaited.resolve({ firstMs: awaited.times[0] ?? 0, lastMs: awaited.times.at(-1) ?? 0 });
  }
}
