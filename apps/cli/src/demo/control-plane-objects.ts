import { type KubernetesObject, parseGroupVersion } from "@cellplane/apimachinery";
import { type ResourcePath, type RestClient } from "@cellplane/client";
import { namespace } from "./application.ts";

const plurals: Readonly<Record<string, string>> = { Namespace: "namespaces", Cell: "cells" };

/** The federated Deployment that the story follows, in the topology view. */
export const federatedDeployments: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: "federateddeployments",
  namespace,
};

/** Applies an object as `kubectl apply --server-side` does. */
export async function apply(client: RestClient, object: KubernetesObject): Promise<void> {
  const { group, version } = parseGroupVersion(object.apiVersion ?? "") ?? {
    group: "",
    version: "",
  };
  const kind = object.kind ?? "";
  const resource = plurals[kind] ?? `${kind.toLowerCase()}s`;
  const path = {
    group,
    version,
    resource,
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  };
  await client.patch(
    path,
    object.metadata.name ?? "",
    { type: "apply", body: object },
    { fieldManager: "demo", force: true },
  );
}

/** Changes one federated Deployment with a merge patch. */
export async function patchDeployment(
  client: RestClient,
  name: string,
  spec: object,
): Promise<void> {
  await client.patch(federatedDeployments, name, { type: "merge", body: { spec } });
}

/** The template's containers with another image, and a mask, in one write: as a release is made. */
export function release(app: string, image: string, mask: readonly string[] | undefined): object {
  const container = {
    name: app,
    image,
    ports: [{ containerPort: 8080 }],
    envFrom: [
      { configMapRef: { name: "payment-settings" } },
      { secretRef: { name: "payment-keys" } },
    ],
  };
  return {
    template: { spec: { template: { spec: { containers: [container] } } } },
    placementMask: maskOf(mask),
  };
}

/** A mask of these cells; `null` takes the mask away. */
export function maskOf(cells: readonly string[] | undefined): object | null {
  return cells === undefined ? null : { topologies: cells.map((name) => ({ name })) };
}
