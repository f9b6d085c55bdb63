import {
  duplicate,
  type FieldError,
  invalid,
  type KubernetesObject,
  required,
} from "@cellplane/apimachinery";
import { clusterViewVersion } from "../api/names.ts";
import { cellTopologyType, clusterTopologyType } from "../api/topology-type.ts";
import { viewOf, wordsOf } from "../conversion/convert-federated-object.ts";
import { parseMemberName } from "../conversion/member-name.ts";
import { compileSelector } from "../placement/label-selector.ts";
import { isDnsLabel, isLabelValue } from "./names.ts";
import { selectionIn, viewWordsOf } from "./view-words.ts";

/** Checks the names and the selector of a placement or a mask. */
export function checkSelection(
  object: KubernetesObject,
  field: "placement" | "placementMask",
): readonly FieldError[] {
  const selection = selectionIn(object, field);
  if (selection === undefined) return [];
  const words = viewWordsOf(object);
  const path = `spec.${field}`;
  const names = selection.names ?? [];
  const seen = new Set<string>();
  const errors = names.flatMap((name, index) => {
    const at = `${path}.${words.names}[${index}].name`;
    if (seen.has(name)) return [duplicate(at, name)];
    seen.add(name);
    return checkTopologyName(object, at, name);
  });
  return [...errors, ...checkSelector(`${path}.${words.selector}`, selection.selector)];
}

/** Checks that a selector can be evaluated. */
export function checkSelector(
  field: string,
  selector: Parameters<typeof compileSelector>[0],
): readonly FieldError[] {
  const compiled = compileSelector(selector);
  if (compiled.kind === "selector") return [];
  return [invalid(`${field}.matchExpressions`, selector?.matchExpressions, compiled.message)];
}

/** Checks that a name can be one of the object's topology type, in the object's view. */
export function checkTopologyName(
  object: KubernetesObject,
  field: string,
  name: string,
): readonly FieldError[] {
  const { type, namespace } = wordsOf(object);
  if (name === "") return [required(field)];
  if (viewOf(object) === clusterViewVersion)
    return checkClusterName(field, name, { type, namespace });
  if (type === cellTopologyType) {
    return isDnsLabel(name)
      ? []
      : [invalid(field, name, "must be the name of a cell of this namespace")];
  }
  if (type === clusterTopologyType) return checkClusterName(field, name, { type, namespace });
  return isLabelValue(name) ? [] : [invalid(field, name, "must be a label value")];
}

function checkClusterName(
  field: string,
  name: string,
  { type, namespace }: { readonly type: string; readonly namespace: string },
): readonly FieldError[] {
  const cell = parseMemberName(name);
  if (type === cellTopologyType) {
    if (cell?.namespace === namespace && isDnsLabel(cell.cell)) return [];
    return [invalid(field, name, `must be a cell of this namespace, named "${namespace}.CELL"`)];
  }
  if (cell === undefined)
    return isDnsLabel(name) ? [] : [invalid(field, name, "must be a DNS label")];
  return [invalid(field, name, `must be a joined cluster; cells need the topology type "cell"`)];
}
