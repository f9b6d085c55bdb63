import type { KubernetesObject } from "@cellplane/apimachinery";

/** Where the demo's application lives. */
export const namespace = "bank-prod";

/** Its cells, and the cluster of each. */
export const cells: Readonly<Record<string, string>> = {
  rz00a: "hz-a",
  rz01a: "hz-a",
  rz00b: "hz-b",
  rz01b: "hz-b",
};

/** The cell names, in the order of the table. */
export const cellNames: readonly string[] = Object.keys(cells);

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
  return [home, ...Object.entries(cells).map(([name, cluster]) => cell(name, cluster))];
}

/** The payment application: `txnflow` takes payments, `acccenter` keeps the accounts. */
export function applicationObjects(version: string): readonly KubernetesObject[] {
  return [
    federated("ConfigMap", "payment-settings", {
      data: { currency: "CNY", "acccenter.url": "http://acccenter:8080", "retry.limit": "3" },
    }),
    federated("Secret", "payment-keys", {
      type: "Opaque",
      stringData: { "signing.key": "only-for-this-demo" },
    }),
    ...["txnflow", "acccenter"].flatMap((app) => [
      deployment(app, version),
      federated("Service", app, {
        spec: { selector: { app }, ports: [{ name: "http", port: 8080 }] },
      }),
    ]),
  ];
}

/** The image of an application in a version. */
export function imageOf(app: string, version: string): string {
  return `registry.bank.example/${app}:${version}`;
}

function cell(name: string, cluster: string): KubernetesObject {
  const zone = cluster === "hz-a" ? "hangzhou-a" : "hangzhou-b";
  return {
    apiVersion: "cellplane.io/v1alpha1",
    kind: "Cell",
    metadata: { name, namespace, labels: { "cellplane.io/unit": name.slice(0, 4) } },
    spec: { clusterRef: { name: cluster }, region: "hangzhou", zone, unitType: "RZone" },
  };
}

function deployment(app: string, version: string): KubernetesObject {
  const labels = { app };
  return federated(
    "Deployment",
    app,
    {
      metadata: { labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: app,
                image: imageOf(app, version),
                ports: [{ containerPort: 8080 }],
                envFrom: [
                  { configMapRef: { name: "payment-settings" } },
                  { secretRef: { name: "payment-keys" } },
                ],
              },
            ],
          },
        },
      },
    },
    // The first cell takes a little more of the load.
    [{ topologyName: "rz00a", topologyOverrides: [{ path: "/spec/replicas", value: 3 }] }],
  );
}

function federated(
  kind: string,
  name: string,
  template: object,
  overrides?: readonly object[],
): KubernetesObject {
  return {
    apiVersion: "types.kubefed.io/v1beta2",
    kind: `Federated${kind}`,
    metadata: { name, namespace },
    spec: {
      topologyType: "cell",
      template,
      placement: { topologies: cellNames.map((cellName) => ({ name: cellName })) },
      ...(overrides === undefined ? {} : { overrides }),
    } as never,
  };
}
