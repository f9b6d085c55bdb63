import { performance } from "node:perf_hooks";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import type { Site } from "./fleet.ts";

const withinMs = 120_000;

/** Follows one resource on some servers, and tells when something was first seen on all of them. */
export class Sightings implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #sites: number;
  readonly #keyOf: (object: KubernetesObject) => string | undefined;
  readonly #seen = new Map<string, number>();
  readonly #waiting = new Map<string, (atMs: number) => void>();
  #watches: readonly Promise<void>[] = [];

  private constructor(sites: number, keyOf: (object: KubernetesObject) => string | undefined) {
    this.#sites = sites;
    this.#keyOf = keyOf;
  }

  /** Starts the watches; `keyOf` names what an object shows, where it shows anything. */
  static async open(
    sites: readonly Site[],
    path: ResourcePath,
    keyOf: (object: KubernetesObject) => string | undefined,
  ): Promise<Sightings> {
    const sightings = new Sightings(sites.length, keyOf);
    const watches = [];
    for (const site of sites) {
      const { metadata } = await site.client.list(path, { limit: 1 });
      watches.push(sightings.#follow(site, path, metadata.resourceVersion ?? "0"));
    }
    sightings.#watches = watches;
    return sightings;
  }

  /** Resolves, on the clock of `performance`, when all sites have shown it. */
  until(key: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const late = (): void => reject(new Error(`Cannot see "${key}" everywhere in ${withinMs} ms`));
    const timer = setTimeout(late, withinMs);
    const done = (atMs: number): void => {
      clearTimeout(timer);
      resolve(atMs);
    };
    if ((this.#seen.get(key) ?? 0) >= this.#sites) done(performance.now());
    else this.#waiting.set(key, done);
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#watches);
  }

  async #follow(site: Site, path: ResourcePath, resourceVersion: string): Promise<void> {
    const shown = new Set<string>();
    for await (const event of site.client.watch(path, { resourceVersion }, this.#stop.signal)) {
      const key = this.#keyOf(event.object);
      if (key === undefined || shown.has(key)) continue;
      shown.add(key);
      this.#note(key);
    }
  }

  #note(key: string): void {
    const sites = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, sites);
    if (sites === this.#sites) this.#waiting.get(key)?.(performance.now());
  }
}
