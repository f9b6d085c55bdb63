import type { PacketLink } from "../link/packet-link.ts";

/** Which agents serve which cluster. */
export class ClusterTable {
  readonly #byCluster = new Map<string, Set<PacketLink>>();
  readonly #clustersOf = new Map<PacketLink, readonly string[]>();

  add(link: PacketLink, clusters: readonly string[]): void {
    this.#clustersOf.set(link, clusters);
    for (const cluster of clusters) {
      const links = this.#byCluster.get(cluster);
      if (links) links.add(link);
      else this.#byCluster.set(cluster, new Set([link]));
    }
  }

  remove(link: PacketLink): void {
    for (const cluster of this.#clustersOf.get(link) ?? []) {
      const links = this.#byCluster.get(cluster);
      links?.delete(link);
      if (links?.size === 0) this.#byCluster.delete(cluster);
    }
    this.#clustersOf.delete(link);
  }

  /** All links, in the order in which they came. */
  links(): Iterable<PacketLink> {
    return this.#clustersOf.keys();
  }

  linksOf(cluster: string): readonly PacketLink[] {
    return [...(this.#byCluster.get(cluster) ?? [])];
  }

  /** The least busy agent of a cluster; one that is draining only where there is no other. */
  choose(cluster: string, without: ReadonlySet<PacketLink>): PacketLink | undefined {
    let best: PacketLink | undefined;
    for (const link of this.#byCluster.get(cluster) ?? []) {
      if (without.has(link) || !link.isOpen) continue;
      if (!best || isBetter(link, best)) best = link;
    }
    return best;
  }
}

function isBetter(link: PacketLink, than: PacketLink): boolean {
  if (link.isDraining !== than.isDraining) return than.isDraining;
  return loadOf(link) < loadOf(than);
}

function loadOf({ counts }: PacketLink): number {
  return counts.connections + counts.pendingDials;
}
