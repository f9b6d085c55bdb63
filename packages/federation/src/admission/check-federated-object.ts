import {
  type FieldError,
  invalid,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
  notSupported,
} from "@cellplane/apimachinery";
import { annotations, labels, topologyViewVersion } from "../api/names.ts";
import { clusterTopologyType } from "../api/topology-type.ts";
import { topologyTypeOf, viewOf, wordsOf } from "../conversion/convert-federated-object.ts";
import { tenantOf } from "../placement/tenant-scope.ts";
import { createAnnotationPolicy, ignoredAnnotations } from "../template/annotation-policy.ts";
import { membersOfType } from "../placement/compute-placement.ts";
import { cellsNeedClusterScope } from "./check-cell.ts";
import { checkOverrides } from "./check-overrides.ts";
import { checkRollback } from "./check-rollback.ts";
import { checkSelection } from "./check-selection.ts";
import {
  type FederatedContext,
  type FederatedWrite,
  knownTopologyTypes,
} from "./federated-context.ts";
import type { Findings } from "./findings.ts";
import { overridesIn, selectionIn, specOf, viewWordsOf } from "./view-words.ts";

/**
 * Judges a write of a federated object that `prepareFederatedObject` has prepared. Paths are those
 * of the request's view.
 */
export function checkFederatedObject(write: FederatedWrite, context: FederatedContext): Findings {
  const { object } = write;
  return {
    errors: [
      ...checkName(object, context),
      ...checkTopologyType(write, context),
      ...checkTenant(object, context),
      ...checkSelection(object, "placement"),
      ...checkSelection(object, "placementMask"),
      ...checkOverrides(object),
      ...checkRollback(write, context),
      ...checkAcceptOlder(object),
    ],
    warnings: [
      ...warnOutOfPlacement(object),
      ...warnAnnotations(object, context),
      ...context.unknownTemplateFields.map((path) => `unknown field "spec.template.${path}"`),
    ],
  };
}

function checkName(
  { metadata }: KubernetesObject,
  { typeConfig }: FederatedContext,
): readonly FieldError[] {
  if (!isNamespaces(typeConfig) || metadata.name === metadata.namespace) return [];
  const detail =
    "The name of a federated namespace must match the name of its containing namespace.";
  return [invalid("metadata.name", metadata.name, detail)];
}

function checkTopologyType(
  { object, old }: FederatedWrite,
  context: FederatedContext,
): readonly FieldError[] {
  const type = topologyTypeOf(object);
  const field = viewOf(object) === topologyViewVersion ? "spec.topologyType" : carryField;
  if (old !== undefined && topologyTypeOf(old) !== type) {
    return [invalid(field, type, "field is immutable")];
  }
  const before = old && wordsOf(old).topologyKey;
  if (before !== undefined && before !== wordsOf(object).topologyKey) {
    return [invalid("spec.topologyKey", wordsOf(object).topologyKey, "field is immutable")];
  }
  if (old === undefined && context.topologies === "off" && type !== clusterTopologyType) {
    const detail = "the feature gate MultiTopology is disabled, so only cluster is allowed";
    return [invalid(field, type, detail)];
  }
  const declared = context.topologyTypes.get(type);
  const over = membersOfType(type, new Map(declared ? [[type, declared.over]] : []));
  // An object outlives its TopologyType; only new ones need it.
  if (over === undefined) {
    return old === undefined ? [notSupported(field, type, knownTopologyTypes(context))] : [];
  }
  if (over === "Cells" && old === undefined && context.scope === "Namespaced") {
    return [invalid(field, type, cellsNeedClusterScope)];
  }
  if (over === "Cells" && context.typeConfig.targetType.scope === "Cluster") {
    const detail = "cluster-scoped kinds cannot be spread over cells; use a type over clusters";
    return [invalid(field, type, detail)];
  }
  if (old === undefined && declared && wordsOf(object).topologyKey !== declared.label) {
    const detail = `must be the label of the TopologyType: ${JSON.stringify(declared.label)}`;
    return [invalid("spec.topologyKey", wordsOf(object).topologyKey, detail)];
  }
  return [];
}

const carryField = `metadata.annotations[${annotations.topologyCarry}]`;

function checkTenant(object: KubernetesObject, context: FederatedContext): readonly FieldError[] {
  const { tenant, isolation, actor } = context;
  if (isolation === "off" || actor !== "user") return [];
  const own = tenantOf(object.metadata.labels);
  const pairs = [
    [labels.tenant, own.tenant, tenant.tenant],
    [labels.workspaceGroup, own.workspaceGroup, tenant.workspaceGroup],
  ] as const;
  return pairs
    .filter(([, has, wanted]) => has !== wanted)
    .map(([key, has, wanted]) => {
      const detail = `must be that of the namespace: ${JSON.stringify(wanted)}`;
      return invalid(`metadata.labels[${key}]`, has, detail);
    });
}

function checkAcceptOlder({ metadata }: KubernetesObject): readonly FieldError[] {
  const text = metadata.annotations?.[annotations.acceptOlder];
  if (text === undefined || /^\d+$/.test(text)) return [];
  const detail = "must be the highest generation in members that may be overwritten";
  return [invalid(`metadata.annotations[${annotations.acceptOlder}]`, text, detail)];
}

// The order of edits must not matter, so this is no error.
function warnOutOfPlacement(object: KubernetesObject): readonly string[] {
  const placed = selectionIn(object, "placement");
  if (placed?.names === undefined) return [];
  const words = viewWordsOf(object);
  const names = new Set(placed.names);
  const masked = selectionIn(object, "placementMask")?.names ?? [];
  const inMask = masked.flatMap((name, index) =>
    names.has(name) ? [] : [`spec.placementMask.${words.names}[${index}].name: ${outside(name)}`],
  );
  const inOverrides = overridesIn(object).flatMap(({ name }, index) =>
    name === undefined || names.has(name)
      ? []
      : [`spec.overrides[${index}].${words.name}: ${outside(name)}`],
  );
  return [...inMask, ...inOverrides];
}

function outside(name: string): string {
  return `${JSON.stringify(name)} is not in spec.placement`;
}

function warnAnnotations(
  object: KubernetesObject,
  { typeConfig }: FederatedContext,
): readonly string[] {
  const { template } = specOf(object);
  const given: JsonObject | undefined = isJsonObject(template) ? template : undefined;
  const policy = createAnnotationPolicy(typeConfig.propagatingAnnotations);
  return ignoredAnnotations(given, policy).map(
    (key) => `spec.template.metadata.annotations[${key}]: not propagated to members`,
  );
}

function isNamespaces({ targetType }: FederatedContext["typeConfig"]): boolean {
  return targetType.kind === "Namespace" && (targetType.group ?? "") === "";
}
