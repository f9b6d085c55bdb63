import type { Model, ModelObject, Revision, Selection, Spec } from "./model-state.ts";
import { tenants } from "./model-state.ts";

/** A member that an object may see. */
export interface Seen {
  /** The KubeFedCluster's name: `m1`, or `alpha.c1`. */
  readonly member: string;
  readonly topology: string;
  readonly cluster: string;
  readonly tier: string;
  /** The namespace that objects go to. */
  readonly namespace: string;
}

/** Cells and clusters, as placement and rendering see them. */
export type Topologies = Pick<Model, "clusters" | "cells">;

/** The members an object may see: cells of its namespace, or clusters of its tenant. */
export function seenBy(
  { namespace }: Pick<ModelObject, "namespace">,
  { type }: Pick<Spec, "type">,
  { clusters, cells }: Topologies,
): readonly Seen[] {
  if (type === "cluster") {
    return Array.from(clusters, ([member, { tenant, tier }]) => ({ member, tenant, tier }))
      .filter(({ tenant }) => tenant === tenants[namespace])
      .map(({ member, tier }) => ({ member, topology: member, cluster: member, tier, namespace }));
  }
  return Array.from(cells, ([member, cell]) => ({ member, cell }))
    .filter(({ cell }) => cell.namespace === namespace)
    .map(({ member, cell: { name, cluster, tier } }) => {
      return { member, topology: name, cluster, tier, namespace: `${namespace}-${name}` };
    });
}

/** Whether a selection means a topology. */
export function selects(selection: Selection, { topology, tier }: Seen): boolean {
  return "names" in selection ? selection.names.includes(topology) : selection.tier === tier;
}

/** Names in placement that nothing seen has. */
export function missingNames({ placement }: Spec, seen: readonly Seen[]): readonly string[] {
  if (!("names" in placement)) return [];
  const known = new Set(seen.map(({ topology }) => topology));
  return placement.names.filter((name) => !known.has(name));
}

/** What a revision is in one topology: the last override that applies, else the template's. */
export function contentOf({ value, overrides }: Omit<Revision, "number">, seen: Seen): string {
  const own = overrides.findLast(({ to }) =>
    typeof to === "string" ? to === seen.topology : to.tier === seen.tier,
  );
  return own?.value ?? value;
}

/** The revision that an object asks for. */
export function desiredOf({
  spec,
  revisions,
}: Pick<ModelObject, "spec" | "revisions">): Revision | undefined {
  if (spec.revision === undefined) return revisions.at(-1);
  return revisions.find(({ number }) => number === spec.revision);
}

/** The member name of a topology. */
export function memberNameOf(namespace: string, type: Spec["type"], topology: string): string {
  return type === "cell" ? `${namespace}.${topology}` : topology;
}
