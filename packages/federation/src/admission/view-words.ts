import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { OverridePatch } from "../api/federated-object.ts";
import type { LabelSelectorObject } from "../api/label-selector.ts";
import { clusterViewVersion } from "../api/names.ts";
import { viewOf } from "../conversion/convert-federated-object.ts";

/** How the view that a request is in calls its fields: messages must name what was written. */
export interface ViewWords {
  readonly names: "clusters" | "topologies";
  readonly selector: "clusterSelector" | "topologySelector";
  readonly name: "clusterName" | "topologyName";
  readonly overrides: "clusterOverrides" | "topologyOverrides";
}

const clusterWords: ViewWords = {
  names: "clusters",
  selector: "clusterSelector",
  name: "clusterName",
  overrides: "clusterOverrides",
};
const topologyWords: ViewWords = {
  names: "topologies",
  selector: "topologySelector",
  name: "topologyName",
  overrides: "topologyOverrides",
};

/** The words of an object's view. */
export function viewWordsOf(object: KubernetesObject): ViewWords {
  return viewOf(object) === clusterViewVersion ? clusterWords : topologyWords;
}

/** A placement or mask, whatever the view. */
export interface Selection {
  /** Absent where there is no such field. */
  readonly names: readonly string[] | undefined;
  readonly selector: LabelSelectorObject | undefined;
}

/** An entry of `overrides`, whatever the view. */
export interface OverrideEntry {
  readonly name: string | undefined;
  readonly selector: LabelSelectorObject | undefined;
  readonly patches: readonly OverridePatch[];
  readonly source: string | undefined;
}

/** `spec.placement` or `spec.placementMask`; `undefined` where it is absent. */
export function selectionIn(
  object: KubernetesObject,
  field: "placement" | "placementMask",
): Selection | undefined {
  const words = viewWordsOf(object);
  const selection = specOf(object)[field];
  if (!isJsonObject(selection)) return undefined;
  const names = selection[words.names];
  return {
    names: names === undefined ? undefined : itemsOf(names).map(({ name }) => textOf(name)),
    selector: selection[words.selector] as LabelSelectorObject | undefined,
  };
}

/** `spec.overrides`. */
export function overridesIn(object: KubernetesObject): readonly OverrideEntry[] {
  const words = viewWordsOf(object);
  return itemsOf(specOf(object)["overrides"]).map((entry) => {
    const { [words.name]: name, [words.selector]: selector, [words.overrides]: patches } = entry;
    return {
      name: typeof name === "string" ? name : undefined,
      selector: selector as LabelSelectorObject | undefined,
      patches: itemsOf(patches) as unknown as readonly OverridePatch[],
      source: entry["source"] as string | undefined,
    };
  });
}

/** `spec`, empty where there is none. */
export function specOf(object: KubernetesObject): JsonObject {
  const { spec } = object;
  return isJsonObject(spec) ? spec : {};
}

function itemsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
