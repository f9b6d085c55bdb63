import type { KubernetesObject } from "@cellplane/apimachinery";
import { type Cell, defaultNamespaceTemplate, defaultNameTemplate } from "../api/cell.ts";
import { annotations, kubefed, labels } from "../api/names.ts";
import type { Tenant } from "../placement/tenant-scope.ts";

/** The namespace in the member that objects of the cell's namespace go to. */
export function targetNamespaceOf(cell: Cell): string {
  const { name = "", namespace = "" } = cell.metadata;
  const template = cell.spec.namespaceTemplate ?? defaultNamespaceTemplate;
  return template.replaceAll("{namespace}", namespace).replaceAll("{cell}", name);
}

/** The name in the member of an object with this name. */
export function targetNameOf(cell: Cell, name: string): string {
  const template = cell.spec.nameTemplate ?? defaultNameTemplate;
  return template.replaceAll("{name}", name).replaceAll("{cell}", cell.metadata.name ?? "");
}

/** Who wrote the namespace of a cell, as its `source` annotation says. */
export function cellNamespaceSource(controlPlaneId: string, cell: Cell): string {
  const { name = "", namespace = "" } = cell.metadata;
  return `${controlPlaneId}/Cell/${namespace}/${name}/${namespace}.${name}`;
}

/** The cell's namespace in its member, made with the first write to the cell. */
export function renderCellNamespace(
  cell: Cell,
  { controlPlaneId, tenant }: { readonly controlPlaneId: string; readonly tenant: Tenant },
): KubernetesObject {
  const { name = "" } = cell.metadata;
  const owner =
    tenant.tenant === ""
      ? {}
      : { [labels.tenant]: tenant.tenant, [labels.workspaceGroup]: tenant.workspaceGroup };
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: targetNamespaceOf(cell),
      labels: { ...owner, [labels.cell]: name, [kubefed.managedLabel]: "true" },
      annotations: { [annotations.source]: cellNamespaceSource(controlPlaneId, cell) },
    },
  };
}
