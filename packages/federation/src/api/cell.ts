import type { KubernetesObject } from "@cellplane/apimachinery";

/** `spec` of a Cell (design/federation.md §3). */
export type CellSpec = {
  /** The joined KubeFedCluster that the cell lives on. */
  readonly clusterRef: { readonly name: string };
  readonly region?: string;
  readonly zone?: string;
  readonly unitType?: string;
  /** The other cell of the pair. Both never change in one wave. */
  readonly backupOf?: string;
  /** Target namespace, from `{namespace}` and `{cell}`. */
  readonly namespaceTemplate?: string;
  /** Target name, from `{name}` and `{cell}`. */
  readonly nameTemplate?: string;
  readonly labelPods?: boolean;
  readonly nodeSelector?: Readonly<Record<string, string>>;
};

/** A unit of an application's deployment, on one member cluster: `cellplane.io/v1alpha1`. */
export interface Cell extends KubernetesObject {
  readonly spec: CellSpec;
}

/** What templates are unless the cell gives them. */
export const defaultNamespaceTemplate = "{namespace}-{cell}";
/** What templates are unless the cell gives them. */
export const defaultNameTemplate = "{name}";
