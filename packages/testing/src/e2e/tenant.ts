import type { KubernetesObject } from "@cellplane/apimachinery";

/** The tenant's namespace. */
export const namespace = "bank-prod";

/** Its cells, and the cluster of each. */
export const cells: Readonly<Record<string, string>> = {
  rz00a: "hz-a",
  rz01a: "hz-a",
  rz00b: "hz-b",
  rz01b: "hz-b",
};

/** The names of its cells. */
export const cellNames: readonly string[] = Object.keys(cells);

/** The namespace of a cell in its member. */
export function cellNamespace(cell: string): string {
  return `${namespace}-${cell}`;
}

/** The tenant's namespace and its cells. */
export function tenantObjects(): readonly KubernetesObject[] {
  const home = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespace,
      labels: { "cellplane.io/tenant": "bank", "cellplane.io/workspace-group": "prod" },
    },
  };
  const cellObjects = cellNames.map((name) => ({
    apiVersion: "cellplane.io/v1alpha1",
    kind: "Cell",
    metadata: { name, namespace },
    spec: { clusterRef: { name: cells[name] ?? "" }, region: "hangzhou", zone: "hz-1" },
  }));
  return [home, ...cellObjects];
}

/** What of a federated object a test chooses. */
export interface FederatedFields {
  readonly template: object;
  /** Cells of placement; all unless given. */
  readonly cells?: readonly string[];
  /** Cells of the mask; no mask unless given. */
  readonly mask?: readonly string[];
  readonly spec?: object;
}

/** A federated object of the tenant, in the topology view. */
export function federated(kind: string, name: string, fields: FederatedFields): KubernetesObject {
  const { template, mask } = fields;
  return {
    apiVersion: "types.kubefed.io/v1beta2",
    kind: `Federated${kind}`,
    metadata: { name, namespace },
    spec: {
      topologyType: "cell",
      template,
      placement: { topologies: named(fields.cells ?? cellNames) },
      ...(mask === undefined ? {} : { placementMask: { topologies: named(mask) } }),
      ...fields.spec,
    } as never,
  };
}

/** A federated ConfigMap with one value. */
export function federatedConfigMap(
  name: string,
  value: string,
  fields: Omit<FederatedFields, "template"> = {},
): KubernetesObject {
  return federated("ConfigMap", name, { ...fields, template: { data: { value } } });
}

/** A federated Deployment of one container. */
export function federatedDeployment(
  name: string,
  image: string,
  fields: Omit<FederatedFields, "template"> = {},
): KubernetesObject {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name, image }] } },
    },
  };
  return federated("Deployment", name, { ...fields, template });
}

function named(names: readonly string[]): readonly object[] {
  return names.map((name) => ({ name }));
}
