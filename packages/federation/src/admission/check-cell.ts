import { type FieldError, forbiddenField, invalid, notFoundField } from "@cellplane/apimachinery";
import { type Cell, defaultNamespaceTemplate, defaultNameTemplate } from "../api/cell.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { finalizers, labels } from "../api/names.ts";
import {
  cellOfCluster,
  isSameTenant,
  noTenant,
  type Tenant,
  tenantOf,
} from "../placement/tenant-scope.ts";
import { targetNamespaceOf } from "../template/cell-names.ts";
import { listed, type StandingWork } from "./check-deletion.ts";
import type { Actor } from "./findings.ts";
import { checkDnsLabel, isDnsLabel } from "./names.ts";

/** Another cell of the same cluster. */
export interface NeighbourCell {
  readonly cell: Cell;
  readonly tenant: Tenant;
}

/** What has to be looked up before a Cell can be judged. */
export interface CellContext extends StandingWork {
  readonly actor: Actor;
  /** Of the cell's namespace. */
  readonly tenant: Tenant;
  readonly isolation: "byTenant" | "off";
  /** The cluster that `spec.clusterRef` names, if it exists. */
  readonly cluster: KubeFedCluster | undefined;
  /** The other cells of that cluster. */
  readonly neighbours: readonly NeighbourCell[];
  readonly systemNamespace: string;
  /** Of the control plane: cells need `Cluster`, the default. */
  readonly scope?: "Cluster" | "Namespaced";
}

/** A write of a Cell; `old` is absent on creation. */
export interface CellWrite {
  readonly object: Cell;
  readonly old: Cell | undefined;
}

/** The Cell as it is to be stored. */
export function prepareCell(cell: Cell, { tenant, actor }: CellContext): Cell {
  const { finalizers: given = [], labels: set } = cell.metadata;
  const owner =
    tenant.tenant === ""
      ? {}
      : { [labels.tenant]: tenant.tenant, [labels.workspaceGroup]: tenant.workspaceGroup };
  const kept = given.includes(finalizers.cell) || actor === "controller";
  const all = { ...owner, ...set };
  return {
    ...cell,
    metadata: {
      ...cell.metadata,
      ...(Object.keys(all).length === 0 ? {} : { labels: all }),
      finalizers: kept ? given : [...given, finalizers.cell],
    },
    spec: {
      namespaceTemplate: defaultNamespaceTemplate,
      nameTemplate: defaultNameTemplate,
      ...cell.spec,
    },
  };
}

/** Why a control plane of the scope Namespaced refuses cells. */
export const cellsNeedClusterScope =
  "cells need a control plane of the scope Cluster: this one's KubeFedConfig says Namespaced";

/** Judges a write of a Cell. */
export function checkCell({ object, old }: CellWrite, context: CellContext): readonly FieldError[] {
  const { metadata, spec } = object;
  if (context.scope === "Namespaced" && old === undefined) {
    return [forbiddenField("spec", cellsNeedClusterScope)];
  }
  const errors = [
    ...checkDnsLabel("metadata.name", metadata.name ?? ""),
    ...checkCluster(object, context),
    ...checkTemplate("spec.namespaceTemplate", spec.namespaceTemplate, ["{namespace}", "{cell}"]),
    ...checkNameTemplate(spec.nameTemplate),
    ...checkTenantLabels(object, context),
    ...(old === undefined ? [] : checkImmutable(object, old, context)),
  ];
  if (spec.backupOf !== undefined && spec.backupOf === metadata.name) {
    errors.push(invalid("spec.backupOf", spec.backupOf, "must be another cell"));
  }
  return errors.length > 0 ? errors : checkTargetNamespace(object, context);
}

function checkCluster({ spec }: Cell, context: CellContext): readonly FieldError[] {
  const { cluster, tenant, isolation } = context;
  const field = "spec.clusterRef.name";
  const owner = tenantOf(cluster?.metadata.labels);
  const open = isolation === "off" || isSameTenant(owner, noTenant) || isSameTenant(owner, tenant);
  const joined = cluster !== undefined && cellOfCluster(cluster) === undefined;
  // The same words for a cluster that does not exist and for another tenant's.
  return joined && open ? [] : [notFoundField(field, spec.clusterRef.name)];
}

function checkNameTemplate(template: string = defaultNameTemplate): readonly FieldError[] {
  const field = "spec.nameTemplate";
  if (!template.includes("{name}")) return [invalid(field, template, "must contain {name}")];
  return checkTemplate(field, template, ["{name}", "{cell}"]);
}

function checkTemplate(
  field: string,
  template: string | undefined,
  placeholders: readonly string[],
): readonly FieldError[] {
  if (template === undefined) return [];
  const rest = placeholders.reduce(
    (text, placeholder) => text.replaceAll(placeholder, "x"),
    template,
  );
  if (isDnsLabel(rest)) return [];
  const detail = `must be a DNS label once ${placeholders.join(" and ")} are filled in`;
  return [invalid(field, template, detail)];
}

function checkTenantLabels({ metadata }: Cell, context: CellContext): readonly FieldError[] {
  const { tenant, isolation, actor } = context;
  const own = tenantOf(metadata.labels);
  if (isolation === "off" || actor !== "user" || isSameTenant(own, tenant)) return [];
  const detail = `must be that of the namespace: ${JSON.stringify(tenant.tenant)}`;
  return [invalid(`metadata.labels[${labels.tenant}]`, own.tenant, detail)];
}

function checkImmutable(object: Cell, old: Cell, { standing }: CellContext): readonly FieldError[] {
  if (standing.length === 0) return [];
  const fields = [
    ["spec.clusterRef.name", object.spec.clusterRef.name, old.spec.clusterRef.name],
    [
      "spec.namespaceTemplate",
      object.spec.namespaceTemplate ?? defaultNamespaceTemplate,
      old.spec.namespaceTemplate ?? defaultNamespaceTemplate,
    ],
    [
      "spec.nameTemplate",
      object.spec.nameTemplate ?? defaultNameTemplate,
      old.spec.nameTemplate ?? defaultNameTemplate,
    ],
  ] as const;
  return fields
    .filter(([, now, before]) => now !== before)
    .map(([field]) =>
      forbiddenField(field, `may not change while the cell has ${listed(standing)}`),
    );
}

function checkTargetNamespace(object: Cell, context: CellContext): readonly FieldError[] {
  const field = "spec.namespaceTemplate";
  const namespace = targetNamespaceOf(object);
  if (namespace.length > 63) {
    return [invalid(field, namespace, "must give no more than 63 characters")];
  }
  if (isReserved(namespace, context.systemNamespace)) {
    return [invalid(field, namespace, "must not be default, kube-* or the system namespace")];
  }
  const taken = context.neighbours.find(({ cell }) => targetNamespaceOf(cell) === namespace);
  if (taken === undefined) return [];
  const { name = "", namespace: home = "" } = taken.cell.metadata;
  const own = isSameTenant(taken.tenant, context.tenant);
  const whose = own ? `cell ${JSON.stringify(`${home}/${name}`)}` : "another cell";
  const detail = `${whose} of this cluster has that namespace already; give one of them another template`;
  return [invalid(field, namespace, detail)];
}

function isReserved(namespace: string, systemNamespace: string): boolean {
  return namespace === "default" || namespace.startsWith("kube-") || namespace === systemNamespace;
}
