/** Kinds that the model spreads. */
export type Kind = "ConfigMap" | "Secret" | "Deployment";

/** What a placement, a mask or an override means: topologies by name, or all whose label `tier` is this. */
export type Selection = { readonly names: readonly string[] } | { readonly tier: string };

/** Another value for one topology, or for a tier of them. */
export interface Override {
  readonly to: string | { readonly tier: string };
  readonly value: string;
}

/** What is asked of a federated object. */
export interface Spec {
  readonly type: "cell" | "cluster";
  readonly value: string;
  readonly overrides: readonly Override[];
  readonly placement: Selection;
  /** Absent: everything. */
  readonly mask?: Selection;
  readonly policy: "Freeze" | "Pin";
  /** Absent: the newest. */
  readonly revision?: number;
}

/** A revision: what (template, overrides) were. */
export interface Revision {
  readonly number: number;
  readonly value: string;
  readonly overrides: readonly Override[];
}

/** What the ledger tells of one member. */
export interface Entry {
  readonly revision?: number;
  readonly content: string;
}

/** An object in a member. */
export interface Live {
  /** What its data say now, a label added by hand included. */
  readonly value: string;
  /** Absent: nobody's. */
  readonly book?: Book;
  /** `label`: managed=false stands on it; `other`: another control plane's. */
  readonly refuses?: "label" | "other";
}

/** What our last write noted on it. */
export interface Book {
  readonly source: string;
  readonly uid: string;
  readonly generation: number;
  readonly revision: number;
  readonly content: string;
}

/** How an object stands in one member. */
export interface Standing {
  readonly live?: Live;
  readonly entry?: Entry;
}

/** A federated object. */
export interface ModelObject {
  readonly key: string;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  generation: number;
  spec: Spec;
  deleting?: "delete" | "orphan";
  abandoned: readonly string[];
  revisions: readonly Revision[];
  readonly entries: Map<string, Entry>;
}

/** A joined cluster. */
export interface ModelCluster {
  readonly tenant: string;
  tier: string;
  isUp: boolean;
}

/** A cell. */
export interface ModelCell {
  readonly namespace: string;
  readonly name: string;
  cluster: string;
  tier: string;
}

/** A copy that was abandoned. */
export interface ModelTombstone {
  readonly member: string;
  /** Where it was left, wherever the cell may be by now. */
  readonly cluster: string;
  readonly place: string;
  readonly source: string;
  readonly uid: string;
}

/** Everything the control plane is asked for and everything members hold. */
export interface Model {
  readonly clusters: Map<string, ModelCluster>;
  /** By member name, `alpha.c1`. */
  cells: Map<string, ModelCell>;
  /** By key, `ConfigMap/alpha/o1`. */
  objects: Map<string, ModelObject>;
  tombstones: ModelTombstone[];
  /** Objects of each member by place, `ConfigMap alpha-c1/o1`. */
  readonly members: Map<string, Map<string, Live>>;
}

/** The namespaces of the control plane and the tenant of each. */
export const tenants: Readonly<Record<string, string>> = {
  alpha: "alpha",
  beta: "beta",
  plain: "",
};

/** What one topology reports. */
export interface Row {
  readonly revision?: number;
  readonly status?: string;
  readonly behind?: number;
  readonly drifted?: boolean;
}

/** A row in words: `6 Held behind 1 drifted`. */
export function formatRow({ revision, status, behind, drifted }: Row): string {
  const words = [
    revision === undefined ? "" : `${revision}`,
    status ?? "",
    behind === undefined || behind === 0 ? "" : `behind ${behind}`,
    drifted === true ? "drifted" : "",
  ];
  return words.filter((word) => word !== "").join(" ");
}

/** The key of a federated object. */
export function keyOf(kind: Kind, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}
